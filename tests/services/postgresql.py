"""A real PostgreSQL server on loopback, for the time of a test run."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def find_programs() -> Path | None:
    """Return the folder of the server's programs, if it is installed."""
    found = shutil.which("initdb")
    if found is not None and shutil.which("postgres") is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return versions[-1].parent if versions else None


@contextmanager
def server() -> Iterator[str]:
    """Run a server with an empty database; yield its URL. As root it runs as another user."""
    programs = find_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed here")
    folder = Path(tempfile.mkdtemp(prefix="ruleengine-postgresql-"))
    user: dict[str, object] = {}
    if os.getuid() == 0:
        shutil.chown(folder, "nobody")
        user = {"user": "nobody"}
    data, port = folder / "data", _free_port()
    options = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **user}
    init = [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync"]
    child: subprocess.Popen[bytes] | None = None
    try:
        subprocess.run(init, check=True, **options)
        command = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, "-F"]
        child = subprocess.Popen([*command, "-h", "127.0.0.1"], **options)
        url = f"postgresql://tester@127.0.0.1:{port}/postgres"
        _wait(url, child)
        yield url
    finally:
        if child is not None:
            child.send_signal(signal.SIGINT)  # it ends connections that a failed test left open
            child.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(url: str, child: subprocess.Popen[bytes]) -> None:
    import time

    import psycopg

    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert child.poll() is None, "the server ended"
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
