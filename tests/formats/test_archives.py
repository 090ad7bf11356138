"""Archives: what is packed comes back, and what leads out of its folder never gets there."""

import hashlib
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.formats.archives import ArchiveError, ArchiveKind, Limits, kind_of, repack, unpack

ENOUGH = Limits(size=1 << 20)
Member = tuple[str, bytes | str | None]
"""A name, and content, the target of a link, or nothing for a folder."""


def tar(*members: Member, mode: int = 0o644) -> io.BytesIO:
    """Return a plain tar."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.mode = mode
            if isinstance(content, bytes):
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
                continue
            entry.type = tarfile.DIRTYPE if content is None else tarfile.SYMTYPE
            entry.mode = 0o755
            entry.linkname = content or ""
            archive.addfile(entry)
    made.seek(0)
    return made


def packed_zip(*members: Member) -> io.BytesIO:
    """Return a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name)
            if isinstance(content, str):
                entry.external_attr = 0o120777 << 16
            archive.writestr(entry, content or b"")
    made.seek(0)
    return made


def unpacked(file: io.BytesIO, folder: Path, kind: ArchiveKind = ArchiveKind.TAR) -> dict[str, str]:
    """Return the files of an archive and what they hold; links as what they point to."""
    folder.mkdir(exist_ok=True)
    unpack(file, folder, kind, ENOUGH)
    return {
        path.relative_to(folder).as_posix(): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


NAMES = st.text(alphabet="ab.é -\\\n", min_size=1, max_size=6).filter(
    lambda one: one != "." and ".." not in one.split("\\")
)
TREES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map(tuple), st.binary(max_size=50))


@given(TREES, st.sampled_from(list(ArchiveKind)), st.sampled_from([None, 0, 9, 10]))
def test_a_tree_comes_back_as_it_was(
    tree: dict[tuple[str, ...], bytes], kind: ArchiveKind, level: int | None
) -> None:
    """Whatever its names and however it is packed, under the name that it is given."""
    files = {
        path: content
        for path, content in tree.items()
        if not any(path[:length] in tree for length in range(1, len(path)))
    }
    with tempfile.TemporaryDirectory() as place:
        members: list[Member] = [("./top", None)]
        members += [("/".join(("top", *path)), content) for path, content in files.items()]
        made, folder = Path(place, "made"), Path(place, "folder")
        repack(tar(*members), made, kind, "other", level)
        assert kind_of(made) is kind
        folder.mkdir()
        with made.open("rb") as file:
            unpack(file, folder, kind, ENOUGH)
        assert [one.name for one in folder.iterdir()] == ["other"]
        found = {
            path.relative_to(folder / "other").parts: path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        assert found == files


def test_modes_and_links_inside_are_kept(tmp_path: Path) -> None:
    """Links up are fine as far as the folder reaches; sticky and other high bits go."""
    members: list[Member] = [("d", None), ("d/run", b"x"), ("d/up", "../top"), ("top", b"t")]
    assert unpacked(tar(*members, mode=0o4751), tmp_path / "f") == {
        "d/run": "x",
        "d/up": "-> ../top",
        "top": "t",
    }
    assert (tmp_path / "f/d/run").stat().st_mode & 0o7777 == 0o751


ESCAPES: list[tuple[Member, ...]] = [
    (("/proc/climbed", b"x"),),
    (("../x", b"x"),),
    (("a/../../x", b"x"),),
    (("a\\..\\x", b"x"),),
    (("link", "/etc"),),
    (("link", ".."),),
    (("a/link", "../../x"),),
    (("x", "."), ("y", "x/../../z")),
    (("x", "."), ("y", "x/x/..")),
]


@pytest.mark.parametrize("members", ESCAPES)
@pytest.mark.parametrize(
    ("pack", "kind"), [(tar, ArchiveKind.TAR), (packed_zip, ArchiveKind.ZIP)], ids=["tar", "zip"]
)
def test_what_leads_out_of_the_folder_is_refused(
    tmp_path: Path,
    members: tuple[Member, ...],
    pack: Callable[..., io.BytesIO],
    kind: ArchiveKind,
) -> None:
    """Nothing appears beside the folder; where the absolute name lies, nobody can write."""
    with pytest.raises(ArchiveError, match="leads out of"):
        unpacked(pack(*members), tmp_path / "folder", kind)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    """Links are made last: what was to lie behind one takes its place, or is refused."""
    (tmp_path / "secret").mkdir()
    members: list[Member] = [("link", "other"), ("link/file", b"x"), ("other", None)]
    with pytest.raises(ArchiveError, match="is a file and a folder"):
        unpacked(tar(*members), tmp_path / "folder")
    assert list((tmp_path / "folder" / "other").iterdir()) == []


def test_hard_links_name_files_of_the_archive(tmp_path: Path) -> None:
    """And nothing else."""

    def linked(target: str) -> io.BytesIO:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:") as archive:
            entry = tarfile.TarInfo("a")
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))
            link = tarfile.TarInfo("b")
            link.type, link.linkname = tarfile.LNKTYPE, target
            archive.addfile(link)
        made.seek(0)
        return made

    assert unpacked(linked("a"), tmp_path / "good") == {"a": "x", "b": "x"}
    for target, message in (("/proc/climbed", "leads out"), ("none", "a link to nothing")):
        with pytest.raises(ArchiveError, match=message):
            unpacked(linked(target), tmp_path / "bad")


@pytest.mark.parametrize("kind", ArchiveKind)
def test_hard_links_are_packed_as_the_files_that_they_are(
    tmp_path: Path, kind: ArchiveKind
) -> None:
    """Whatever the folder is called then; their modes and those of folders come back too."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:") as archive:
        for name, entry_type, mode in (
            ("./top", tarfile.DIRTYPE, 0o750),
            ("./top/a", tarfile.REGTYPE, 0o751),
            ("./top/b", tarfile.LNKTYPE, 0o751),
            ("./top/pipe", tarfile.FIFOTYPE, 0o666),
        ):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.linkname = entry_type, mode, "./top/a"
            entry.size = int(entry_type == tarfile.REGTYPE)
            archive.addfile(entry, io.BytesIO(b"x"))
    made.seek(0)
    repack(made, tmp_path / "packed", kind, "other", None)
    packed = io.BytesIO((tmp_path / "packed").read_bytes())
    assert unpacked(packed, tmp_path / "f", kind) == {"other/a": "x", "other/b": "x"}
    modes = [(tmp_path / "f" / one).stat().st_mode & 0o777 for one in ("other", "other/b")]
    assert modes == [0o750, 0o751]


def test_a_zip_without_modes_has_the_usual_ones(tmp_path: Path) -> None:
    """As they are made on systems that have none; folders need not come first."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("d/e/f", "d/e/"):
            entry = zipfile.ZipInfo(name)
            archive.writestr(entry, b"x" if name[-1] == "f" else b"")
            entry.external_attr = 0
    assert unpacked(made, tmp_path / "f", ArchiveKind.ZIP) == {"d/e/f": "x"}
    modes = [(tmp_path / "f" / one).stat().st_mode & 0o777 for one in ("d/e", "d/e/f")]
    assert modes == [0o755, 0o644]


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path) -> None:
    """A tar can hold one."""
    with pytest.raises(ArchiveError, match="leads out of its folder"):
        unpacked(tar(("a\0" + "b" * 200, b"x")), tmp_path / "folder")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE])
def test_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    """Pipes too; when packing they are left out."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:") as archive:
        entry = tarfile.TarInfo("device")
        entry.type = kind
        archive.addfile(entry)
    made.seek(0)
    with pytest.raises(ArchiveError, match="is a device or a pipe"):
        unpacked(made, tmp_path / "folder")
    made.seek(0)
    repack(made, tmp_path / "packed", ArchiveKind.TAR, "x", None)
    with tarfile.open(tmp_path / "packed") as archive:
        assert archive.getnames() == []


def test_what_an_archive_unpacks_to_is_bounded(tmp_path: Path) -> None:
    """In bytes, counted as they come, and in files."""
    bomb = packed_zip(("zeros", bytes(2000)))
    with pytest.raises(ArchiveError, match="holds more than 1000 bytes"):
        unpack(bomb, tmp_path, ArchiveKind.ZIP, Limits(size=1000))
    unpack(tar(("a", b"12"), ("b", b"3")), tmp_path, ArchiveKind.TAR, Limits(size=3, members=2))
    many = tar(*((str(number), b"") for number in range(4)))
    with pytest.raises(ArchiveError, match="holds more than 3 files"):
        unpack(many, tmp_path, ArchiveKind.TAR, Limits(size=1000, members=3))


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2", "zip"])
def test_a_damaged_archive_is_told_wherever_the_damage_is(tmp_path: Path, mode: str) -> None:
    """By the archive's reader or by that of its compression."""
    content = b"".join(hashlib.sha256(bytes([one])).digest() for one in range(256)) * 3
    made = io.BytesIO()
    if mode == "zip":
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", content)
    else:
        with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
            entry = tarfile.TarInfo("a")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    kind = ArchiveKind.ZIP if mode == "zip" else ArchiveKind.TAR
    whole, told = made.getvalue(), 0
    for place in range(0, len(whole), 31):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        folder = tmp_path / str(place)
        folder.mkdir()
        try:
            unpack(io.BytesIO(broken), folder, kind, ENOUGH)
        except ArchiveError:
            told += 1
    assert told


def test_what_is_no_archive_is_told_apart(tmp_path: Path) -> None:
    """Compressed text is no archive; a broken one is told where it has to be unpacked."""
    import gzip

    for content in (b"text", gzip.compress(b"text"), b"PK nothing", b""):
        (tmp_path / "file").write_bytes(content)
        assert kind_of(tmp_path / "file") is None
    for kind in ArchiveKind:
        with pytest.raises(ArchiveError, match="cannot be read") as told:
            unpack(io.BytesIO(b"nonsense" * 100), tmp_path, kind, ENOUGH)
        assert str(told.value).isprintable()
    with pytest.raises(ArchiveError, match="cannot be packed"):
        repack(io.BytesIO(b"nonsense" * 100), tmp_path / "p", ArchiveKind.TAR, "x", None)
