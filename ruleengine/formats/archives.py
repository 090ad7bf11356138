"""Archives of files that nobody vouches for: packed, recognised, and unpacked into one folder.

Whatever an archive says, unpacking writes below its folder only: names that lead out are
refused, links are made last, so that no file is written through one, and a link may go up only
as far as the folder reaches. Devices and the like are refused. What is unpacked is bounded,
for a small archive can stand for a full disk.
"""

import lzma
import os
import posixpath
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

_BLOCK: Final = 1 << 20
_GZIP_MAGIC: Final = b"\x1f\x8b"
_LONGEST_LINK: Final = 4096
_USUAL_LEVEL: Final = 6
_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755
_DAMAGED: Final = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError)


class ArchiveError(Exception):
    """An archive cannot be read, or would do what no archive may do."""


class ArchiveKind(StrEnum):
    """How files are packed."""

    TAR = "tar"
    ZIP = "zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that an archive may unpack to: bytes of content, and files, folders and links."""

    size: int
    members: int = 1_000_000


def kind_of(file: Path) -> ArchiveKind | None:
    """Return how a file is packed by its content: a compressed tar or a zip; else ``None``."""
    with file.open("rb") as stream:
        start = stream.read(2)
    if start == _GZIP_MAGIC:
        try:
            with tarfile.open(file, "r:gz") as archive:
                archive.next()
        except (*_DAMAGED, OSError):
            return None
        return ArchiveKind.TAR
    return ArchiveKind.ZIP if start == b"PK" and zipfile.is_zipfile(file) else None


def repack(
    source: IO[bytes], target: Path, kind: ArchiveKind, name: str, level: int | None
) -> None:
    """Pack what a plain tar with one entry at its top holds, that entry being called ``name``.

    ``level`` is how hard to compress, 0 to 9; ``None`` for the usual. Raises ``ArchiveError``.
    """
    used = _USUAL_LEVEL if level is None or not 0 <= level <= 9 else level
    try:
        with tarfile.open(fileobj=source, mode="r:") as archive:
            if kind is ArchiveKind.TAR:
                _to_tar(archive, target, name, used)
            else:
                _to_zip(archive, target, name)
    except (tarfile.TarError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"what the step left cannot be packed: {error}") from error


def _renamed(path: str, name: str) -> str:
    _, _, rest = _clean(path).partition("/")
    return f"{name}/{rest}" if rest else name


def _to_tar(archive: tarfile.TarFile, target: Path, name: str, level: int) -> None:
    with tarfile.open(target, "w:gz", compresslevel=level) as made:
        for member in archive:
            if not _is_kept(member):
                continue
            member.pax_headers = {}  # they would win over what is changed here
            member.name = _renamed(member.name, name)
            if member.islnk():
                member.linkname = _renamed(member.linkname, name)
            made.addfile(member, archive.extractfile(member) if member.isreg() else None)


def _to_zip(archive: tarfile.TarFile, target: Path, name: str) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for member in archive:
            if not (member.isreg() or member.islnk() or member.isdir()):
                continue
            entry = zipfile.ZipInfo(_renamed(member.name, name) + ("/" if member.isdir() else ""))
            kind = stat.S_IFDIR if member.isdir() else stat.S_IFREG
            entry.external_attr = (kind | member.mode & 0o777) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = None if member.isdir() else archive.extractfile(member)
            with made.open(entry, "w", force_zip64=True) as stream:
                if content is not None:
                    shutil.copyfileobj(content, stream, _BLOCK)


def _is_kept(member: tarfile.TarInfo) -> bool:
    """Tell whether an entry is content; sockets, pipes and devices are not."""
    return member.isreg() or member.isdir() or member.issym() or member.islnk()


def unpack(file: IO[bytes], folder: Path, kind: ArchiveKind, limits: Limits) -> None:
    """Unpack an archive into an empty folder that nobody else writes to.

    Raises ``ArchiveError`` for an archive that is none or that would do harm; what was unpacked
    until then stays in the folder.
    """
    unpacking = _Unpacking(folder, limits)
    try:
        if kind is ArchiveKind.TAR:
            with tarfile.open(fileobj=file, mode="r:*") as tar:
                for member in tar:
                    unpacking.add_from_tar(tar, member)
        else:
            with zipfile.ZipFile(file) as archive:
                for entry in archive.infolist():
                    unpacking.add_from_zip(archive, entry)
    except (*_DAMAGED, RuntimeError) as error:
        raise _damaged(error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        # what readers of compressed streams say of damage
        raise _damaged(error) from error
    unpacking.finish()


def _damaged(error: Exception) -> ArchiveError:
    """Return what is wrong in one line; what else was tried is of no use to a reader."""
    why = str(error).partition("\n")[0].rstrip(":")
    return ArchiveError(f"the archive cannot be read: {why}")


@dataclass(slots=True)
class _Unpacking:
    """One archive on its way into a folder. Links and modes of folders come last."""

    folder: Path
    limits: Limits
    size: int = 0
    members: int = 0
    soft: list[tuple[str, str]] = field(default_factory=list)
    hard: list[tuple[str, str]] = field(default_factory=list)
    modes: list[tuple[str, int]] = field(default_factory=list)

    def add_from_tar(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = self._counted(member.name)
        if member.isdir():
            self._make_folder(name, member.mode)
        elif member.isreg():
            content = archive.extractfile(member)
            self._write(name, content, member.mode)
        elif member.issym():
            self.soft.append((name, member.linkname))
        elif member.islnk():
            self.hard.append((name, _inside(member.linkname)))
        else:
            raise ArchiveError(f"{member.name!r} in the archive is a device or a pipe")

    def add_from_zip(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        name, mode = self._counted(entry.filename), entry.external_attr >> 16
        if entry.is_dir():
            self._make_folder(name, mode)
        elif stat.S_ISLNK(mode):
            with archive.open(entry) as stream:
                self.soft.append((name, stream.read(_LONGEST_LINK).decode(errors="replace")))
        else:
            with archive.open(entry) as stream:
                self._write(name, stream, mode)

    def finish(self) -> None:
        for name, target in self.hard:
            source = self.folder / target
            if not source.is_file():  # no link stands there yet
                raise ArchiveError(f"{name!r} in the archive is a link to nothing in it")
            os.link(source, self._place(name))
        for name, target in self.soft:
            _check_link(name, target)
            self._place(name).symlink_to(target)
        for name, mode in reversed(self.modes):
            (self.folder / name).chmod(mode)

    def _counted(self, name: str) -> str:
        self.members += 1
        if self.members > self.limits.members:
            raise ArchiveError(f"the archive holds more than {self.limits.members} files")
        return _inside(name)

    def _make_folder(self, name: str, mode: int) -> None:
        (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.modes.append((name, mode & 0o777 or _FOLDER_MODE))

    def _place(self, name: str) -> Path:
        """Return where an entry belongs, what stood there being gone: the last one counts."""
        place = self.folder / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
        except OSError as error:
            raise ArchiveError(f"{name!r} in the archive is a file and a folder") from error
        return place

    def _write(self, name: str, content: IO[bytes] | None, mode: int) -> None:
        with self._place(name).open("xb") as file:
            for block in _blocks(content):
                self.size += len(block)
                if self.size > self.limits.size:
                    raise ArchiveError(f"the archive holds more than {self.limits.size} bytes")
                file.write(block)
            os.fchmod(file.fileno(), mode & 0o777 or _FILE_MODE)


def _blocks(content: IO[bytes] | None) -> Iterator[bytes]:
    while content is not None and (block := content.read(_BLOCK)):
        yield block


def _clean(name: str) -> str:
    return posixpath.normpath(name).removeprefix("./")


def _inside(name: str) -> str:
    """Return the name of an entry as a path below the folder. Raises ``ArchiveError``.

    A backslash is a letter of a name as others are, but no way out where it is none.
    """
    if name.startswith(("/", "\\")) or "\0" in name or ".." in name.replace("\\", "/").split("/"):
        raise ArchiveError(f"{name!r} in the archive leads out of its folder")
    return _clean(name)


def _check_link(name: str, target: str) -> None:
    """Raise ``ArchiveError`` for a link that leads out of the folder.

    It may go up only at its beginning, where the folders are real ones, and no further than
    their top; behind that a link could stand for any depth.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    up = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    if target.startswith("/") or not target or ".." in parts[up:] or up > name.count("/"):
        raise ArchiveError(f"the link {name!r} -> {target!r} in the archive leads out of it")
