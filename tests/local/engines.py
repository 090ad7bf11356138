"""A container engine for the tests, with an image of its own that is made here."""

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

IMAGE = "localhost/ruleengine-test:1"
NO_ENGINE = "no container engine works here"
_HEAD = 4096
_BUSYBOX = Path("/bin/busybox")
_APPLETS = ("cat", "echo", "env", "head", "id", "kill", "ls", "pwd", "sh", "sleep", "stat", "tail")
_APPLETS_TOO = ("test", "tr", "true", "uname", "stty", "dd", "mkdir", "rm", "touch")


@contextmanager
def engine_command() -> Iterator[tuple[str, ...]]:
    """Yield the command of an engine with a folder of its own; skip where none works.

    The folder has a short path: podman takes no long one.
    """
    with tempfile.TemporaryDirectory(prefix="re", ignore_cleanup_errors=True) as name:
        yield _command(Path(name))


def _command(folder: Path) -> tuple[str, ...]:
    podman, runtime = shutil.which("podman"), shutil.which("runc") or shutil.which("crun")
    if podman is None or runtime is None or not _is_static(_BUSYBOX):
        pytest.skip(NO_ENGINE)
    command = (
        podman,
        f"--root={folder}/root",
        f"--runroot={folder}/run",
        "--storage-driver=vfs",
        "--cgroup-manager=cgroupfs",
        f"--runtime={runtime}",
    )
    made = subprocess.run(
        [*command, "import", "--change", 'CMD ["echo","the image says so"]', "-", IMAGE],
        input=_image(),
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(NO_ENGINE)
    return command


def _is_static(program: Path) -> bool:
    """Tell whether a program needs nothing else; that of Debian's ``busybox-static`` does not."""
    try:
        return b"/ld-" not in program.read_bytes()[:_HEAD]  # the loader stands near the beginning
    except OSError:
        return False


def _image() -> bytes:
    """Return the file system of a small image."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(_BUSYBOX, "bin/busybox")
        for name in (*_APPLETS, *_APPLETS_TOO):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(folder)
        for name, text in (
            ("etc/os-release", "ID=tiny\n"),
            ("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return content.getvalue()
