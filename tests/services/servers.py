"""Servers of other people's stores, each a process of its own on loopback.

``make servers`` installs them below ``build/servers``; without them the tests that need one are
skipped.
"""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PLACE = Path(__file__).parents[2] / "build" / "servers"
AZURE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
"""The key of the account that the emulator is known to have."""


def program(name: str) -> str:
    """Return a program below the folder of servers, or skip the calling test."""
    for folder in ("bin", "node_modules/.bin"):
        found = PLACE / folder / name
        if found.exists():
            return str(found)
    pytest.skip(f"{name} is not installed")
    return ""


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def running(
    command: list[str], port: int, folder: Path, more: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the end of the block; it answers when the block begins."""
    with (folder / "server.log").open("wb") as log:
        child = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env=os.environ | dict(more or {})
        )
        try:
            _await(port, child, folder / "server.log")
            yield
        finally:
            child.terminate()
            child.wait()


def _await(port: int, child: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(1200):
        assert child.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nobody answers: {log.read_text()}")


@contextlib.contextmanager
def s3_server(folder: Path, *options: str) -> Iterator[str]:
    """Run moto's server; yield its address without a scheme."""
    port = free_port()
    command = [program("moto_server"), "-H", "127.0.0.1", "-p", str(port), *options]
    with running(command, port, folder):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def azure_server(folder: Path) -> Iterator[str]:
    """Run azurite; yield the address of its account."""
    port = free_port()
    options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"]
    command = [program("azurite-blob"), *options, "--blobPort", str(port)]
    with running(command, port, folder):
        yield f"http://127.0.0.1:{port}/devstoreaccount1"


@contextlib.contextmanager
def gcs_server(folder: Path) -> Iterator[str]:
    """Run an emulator of Cloud Storage with the bucket ``artifacts``; yield its address."""
    port = free_port()
    command = [program("gcp-storage-emulator"), "start", "--host=127.0.0.1", f"--port={port}"]
    with running([*command, "--in-memory", "--default-bucket=artifacts"], port, folder):
        yield f"http://127.0.0.1:{port}"


def tree(folder: Path, **files: str) -> Path:
    """Return a new folder with files in it; ``__`` in a name stands for ``/``."""
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
