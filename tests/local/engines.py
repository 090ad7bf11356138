"""A container engine for the tests, with an image of its own that is made here."""

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

import ruleengine.local
from ruleengine.local.runtime.container_engine import full_name
from ruleengine.step.preparing import static_busybox
from tests.local.sandboxes import until

IMAGE = "localhost/ruleengine-test:1"
DISTROLESS = "localhost/ruleengine-test-distroless:1"
"""An image with one program, a user that is not root, and no shell by any usual name."""

SCRATCH = "localhost/ruleengine-test-scratch:1"
"""An image with one program and nothing else."""

PROGRAM = "/busybox"
PROGRAMS = Path(ruleengine.local.__file__).parent / "runtime" / "programs"
NO_ENGINE = "no container engine works here"
NO_DAEMON = "no docker daemon can be started here"


ENGINES = ("podman", "docker")


@contextmanager
def engine_command(kind: str = "podman", driver: str = "vfs") -> Iterator[tuple[str, ...]]:
    """Yield the command of an engine with a folder of its own; skip where none works.

    The folder has a short path: podman takes no long one. ``driver`` is what podman keeps images
    with: ``vfs`` works everywhere, and copies an image for each container.
    """
    with tempfile.TemporaryDirectory(prefix="re", ignore_cleanup_errors=True) as name:
        made = _podman(Path(name), driver) if kind == "podman" else _docker(Path(name))
        with made as command:
            _import(command, IMAGE, _image(), "--change", 'CMD ["echo","the image says so"]')
            yield command


def import_bare_images(command: tuple[str, ...]) -> None:
    """Give an engine the images that hold one program each, which is at :data:`PROGRAM`."""
    user = {"etc/passwd": b"nonroot:x:65532:65532::/:/none\n"}
    program = {PROGRAM.lstrip("/"): _busybox().read_bytes()}
    _import(command, DISTROLESS, _archive({**user, **program}))
    _import(command, SCRATCH, _archive(program))


def import_named_images(command: tuple[str, ...]) -> None:
    """Give an engine images under names of real ones: a system of one static program each."""
    say = (PROGRAMS / "argosay").read_bytes()
    for name, more, start in (
        ("busybox", {}, 'CMD ["sh"]'),
        ("alpine:3.23", {"etc/os-release": b"ID=alpine\n"}, 'CMD ["/bin/sh"]'),
        ("argoproj/argosay:v2", {"argosay": say}, 'ENTRYPOINT ["/argosay"]'),
    ):
        _import(command, full_name(name), _image(more), "--change", start)


def _import(command: tuple[str, ...], name: str, content: bytes, *options: str) -> None:
    asked = [*command, "import", *options, "-", name]
    if subprocess.run(asked, input=content, capture_output=True, check=False).returncode:
        pytest.skip(NO_ENGINE)


def _archive(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


@contextmanager
def _podman(folder: Path, driver: str) -> Iterator[tuple[str, ...]]:
    podman, runtime = shutil.which("podman"), shutil.which("runc") or shutil.which("crun")
    if podman is None or runtime is None:
        pytest.skip(NO_ENGINE)
    yield (
        podman,
        f"--root={folder}/root",
        f"--runroot={folder}/run",
        f"--storage-driver={driver}",
        "--cgroup-manager=cgroupfs",
        f"--runtime={runtime}",
    )


@contextmanager
def _docker(folder: Path) -> Iterator[tuple[str, ...]]:
    """Start a daemon that touches nothing of the machine's own, which needs root."""
    docker, daemon = shutil.which("docker"), shutil.which("dockerd")
    if docker is None or daemon is None or os.geteuid() != 0:
        pytest.skip(NO_DAEMON)
    address = f"unix://{folder}/socket"
    places = [f"--{one}={folder}/{one}" for one in ("data-root", "exec-root", "pidfile")]
    network = ["--bridge=none", "--iptables=false", "--ip6tables=false"]
    command = [daemon, f"--host={address}", *places, *network, "--storage-driver=vfs"]
    with (folder / "log").open("wb") as log:
        serving = subprocess.Popen(command, stdout=log, stderr=log)
    client = (docker, f"--host={address}")
    try:
        until(lambda: serving.poll() is not None or _answers(client))
        if serving.poll() is not None:
            pytest.skip(NO_DAEMON)
        yield client
    finally:
        serving.terminate()
        serving.wait()
        left = folder / "exec-root" / "netns" / "default"  # what the daemon leaves mounted
        subprocess.run(["umount", str(left)], capture_output=True, check=False)


def _answers(client: tuple[str, ...]) -> bool:
    return not subprocess.run([*client, "version"], capture_output=True, check=False).returncode


def _busybox() -> Path:
    """Return a program that needs nothing else."""
    found = static_busybox()
    if found is None:
        pytest.skip(NO_ENGINE)
    return found


def _image(more: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """Return the file system of a small image, with more programs and files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, mode in (("bin", 0o755), ("etc", 0o755), ("tmp", 0o1777)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            archive.addfile(folder)
        archive.add(_busybox().resolve(), "bin/busybox")
        listed = subprocess.run([_busybox(), "--list"], capture_output=True, text=True, check=True)
        applets = set(listed.stdout.split()) - {"busybox"}
        for name in (PROGRAM.lstrip("/"), *(f"bin/{one}" for one in sorted(applets))):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/bin/busybox"
            archive.addfile(link)
        known = {"etc/os-release": b"ID=tiny\n", "etc/passwd": b"root:x:0:0::/:/bin/sh\n"}
        for name, content_of in {**known, **more}.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content_of), 0o755
            archive.addfile(info, io.BytesIO(content_of))
    return content.getvalue()
