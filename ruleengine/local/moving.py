"""A state in one file: taken while its server runs, and put into another folder.

The file is a compressed tar of what is to be kept: consistent copies of the SQLite files, and
what claims of volumes hold. Keys, token, address and the logs of pods are not in it: the folder
that takes a state has its own.
"""

import fcntl
import gzip
import io
import os
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ruleengine.formats import json_text
from ruleengine.formats.archives import ArchiveError, ArchiveKind, Limits, unpack
from ruleengine.local import process
from ruleengine.local.sqlite_store import STEPS
from ruleengine.model.errors import StoreError, UsageError
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object

KIND: Final = "ExportedState"
_STORE: Final = "store.sqlite"
_CLAIMS: Final = "claims"
_CONTENT: Final = "export.json"
_QUICKLY: Final = 1
_LIMITS: Final = Limits(size=sys.maxsize)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What a file holds: the objects of one revision."""

    file: Path
    objects: int
    revision: int


def export_state(state: Path, file: Path, others: Sequence[str] = ()) -> Exported:
    """Write the state of a folder into a file, whether its server runs or not.

    ``others`` names further SQLite files of the folder that belong to it. The file is there
    whole or not at all, and readable by its owner only. Raises ``StoreError`` where there is
    nothing, or it cannot be read or written.
    """
    if not (state / _STORE).exists():
        raise StoreError(f"nothing is stored in {state}", "ruleengine local start makes a state")
    with _explained(file), tempfile.TemporaryDirectory(prefix="ruleengine-export-") as folder:
        copies = [
            _copy(state / name, Path(folder) / name)
            for name in (_STORE, *others)
            if (state / name).exists()
        ]
        objects, revision = _counts(copies[0])
        content = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "objects": objects,
            "revision": revision,
        }
        _pack(file, content, copies, state / _CLAIMS)
    return Exported(file=file, objects=objects, revision=revision)


def _copy(source: Path, target: Path) -> Path:
    """Copy a SQLite file as it is at one moment, whoever writes to it meanwhile."""
    with closing(sqlite3.connect(source, timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))
    return target


def _counts(store: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(store)) as connection:
        objects = connection.execute("SELECT count(*) FROM objects").fetchone()[0]
        row = connection.execute("SELECT value FROM counters WHERE name='revision'").fetchone()
    return int(objects), int(row[0]) if row else 0


def _pack(file: Path, content: Object, copies: Sequence[Path], claims: Path) -> None:
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with (
            os.fdopen(descriptor, "wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_QUICKLY) as packed,
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            text = json_text.dump_bytes(content)
            member = tarfile.TarInfo(_CONTENT)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
            for copy in copies:
                archive.add(copy, copy.name)
            if claims.is_dir():
                archive.add(claims, _CLAIMS, filter=_kept)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(file)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what is no content: sockets, pipes, devices."""
    return member if member.isreg() or member.isdir() or member.issym() or member.islnk() else None


def import_state(
    state: Path, file: Path, others: Sequence[str] = (), *, replace: bool = False
) -> Exported:
    """Put what a file holds into a folder, which gets keys of its own where it has none.

    With ``replace`` the server of the folder is stopped and what it stores goes, once the file
    has proved good. Raises ``UsageError`` where the folder is in use or holds a state, and
    ``StoreError`` for a file that is none of ours, is damaged, or newer than this version.
    """
    if not replace:
        _refuse_occupied(state)
    process.make_folder(state)
    with (
        _explained(file),
        tempfile.TemporaryDirectory(prefix=".import-", dir=state) as folder,
    ):
        unpacked = Path(folder) / "content"
        unpacked.mkdir()
        found = _unpacked(file, unpacked)
        if replace:
            process.stop(state)
            process.forget(state, others)
        with _alone(state):
            _refuse_occupied(state, running=False)
            for name in (_CLAIMS, *others, _STORE):  # the store comes last: until then all is void
                if (unpacked / name).exists():
                    (unpacked / name).replace(state / name)
            _sync(state)
    return found


def _refuse_occupied(state: Path, *, running: bool = True) -> None:
    remedy = "choose another folder with --state, or say --replace to give up what is there"
    if running and process.status(state) is not None:
        raise UsageError(f"a local control plane runs in {state}", remedy)
    if (state / _STORE).exists():
        raise UsageError(f"{state} holds a state already", remedy)


def _unpacked(file: Path, folder: Path) -> Exported:
    """Unpack a file and look whether it is good. Raises ``StoreError``."""
    with file.open("rb") as stream:
        unpack(stream, folder, ArchiveKind.TAR, _LIMITS)
    try:
        content = json_text.loads((folder / _CONTENT).read_bytes())
        known = content.get("kind") == KIND and (folder / _STORE).is_file()
    except (OSError, ValueError, AttributeError):
        known = False
    if not known:
        raise ArchiveError("it holds no exported state")
    with closing(sqlite3.connect(folder / _STORE)) as connection:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        sound = connection.execute("PRAGMA quick_check").fetchone()[0] == "ok"
    if found > len(STEPS):
        raise ArchiveError(
            f"it has format {found} and this version knows up to {len(STEPS)}; use a newer one"
        )
    if not sound:
        raise ArchiveError("its store is damaged")
    objects, revision = _counts(folder / _STORE)
    return Exported(file=file, objects=objects, revision=revision)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Keep servers out of a folder."""
    with (state / "store.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"a local control plane was started in {state} meanwhile",
                "stop it (ruleengine local stop), then try again",
            ) from None
        yield


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except (ArchiveError, sqlite3.DatabaseError) as error:
        raise StoreError(
            f"{file} cannot be imported or exported: {error}",
            "take a file that `ruleengine local export` wrote, and a state that can be read",
        ) from None
    except OSError as error:
        raise StoreError(
            f"{file} cannot be read or written: {error}", "check the path, its permissions and disk"
        ) from None
