"""The index answers what a look at every file would, and looks at changed files only."""

import errno
import os
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.validation.checks import Selection, stored_findings
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.index_files import with_index
from tests.validation.worlds import World, findings_in

BASE = {
    "a.txt": "object=a offers=Template/build",
    "b.txt": "object=b needs=Template/build",
    "c/d.txt": "object=d path=apps/web",
    "apps/web/x": "data",
}


@pytest.fixture
def index() -> Iterator[ValidationIndex]:
    """Return an index in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    index = ValidationIndex(connection)
    index.prepare("code")
    yield index
    index.close()


def _world(**commits: dict[str, str]) -> World:
    return World(commits={"": {}, "one": BASE, **commits})


def test_a_repo_without_problems_has_no_findings(index: ValidationIndex) -> None:
    """Everything points at something that is there."""
    updated = _world().bring(index, "one")
    assert (findings_in(index), updated.files, updated.documents) == ([], 3, 3)


def test_nothing_is_examined_twice(index: ValidationIndex) -> None:
    """The second run finds all facts stored."""
    world = _world()
    world.bring(index, "one")
    world.examined.clear()
    world.bring(index, "one")
    assert world.examined == []


def test_only_the_changed_file_is_examined(index: ValidationIndex) -> None:
    """The cost follows the change."""
    world = _world()
    world.bring(index, "one")
    world.examined.clear()
    updated = world.bring(index, "one", {"a.txt": "object=a"})
    assert world.examined == ["a.txt"]
    assert updated.documents == 3


def test_a_removed_definition_breaks_the_unchanged_file_that_needs_it(
    index: ValidationIndex,
) -> None:
    """The finding stands in a file that nobody touched."""
    world = _world()
    world.bring(index, "one")
    world.bring(index, "one", {"a.txt": None})
    ((path, code, _),) = findings_in(index)
    assert (path, code) == ("b.txt", "reference-target-missing")


def test_going_back_examines_nothing(index: ValidationIndex) -> None:
    """Facts outlive the state they were learnt in."""
    world = _world()
    world.bring(index, "one")
    world.bring(index, "one", {"a.txt": "object=other"})
    world.examined.clear()
    world.bring(index, "one")
    assert (world.examined, findings_in(index)) == ([], [])


def test_a_new_duplicate_is_found_at_both_ends(index: ValidationIndex) -> None:
    """The old file gets a finding too."""
    world = _world()
    world.bring(index, "one")
    world.bring(index, "one", {"new.txt": "object=a"})
    assert [path for path, _, _ in findings_in(index)] == ["a.txt", "new.txt"]


def test_an_emptied_folder_leaves_a_dangling_path(index: ValidationIndex) -> None:
    """Folders exist as long as files are in them."""
    world = _world()
    world.bring(index, "one")
    world.bring(index, "one", {"apps/web/x": None})
    assert [code for _, code, _ in findings_in(index)] == ["reference-path-missing"]


def test_changed_defaults_reach_their_folder_only(index: ValidationIndex) -> None:
    """Other folders keep their facts."""
    world = _world()
    world.bring(index, "one")
    world.examined.clear()
    world.bring(index, "one", {"c/_defaults": "1"})
    assert world.examined == ["c/d.txt"]


def test_a_changed_rule_reaches_everything(index: ValidationIndex) -> None:
    """All documents are examined again."""
    world = _world()
    world.bring(index, "one")
    world.examined.clear()
    world.bring(index, "one", {"rules": "1"})
    assert sorted(world.examined) == ["a.txt", "b.txt", "c/d.txt"]


def test_a_forgotten_commit_starts_anew(index: ValidationIndex) -> None:
    """A commit that was collected as garbage is no reason to fail."""
    world = _world(two={"b.txt": BASE["b.txt"]})
    world.bring(index, "one")
    world.forgotten.add("one")
    world.bring(index, "two")
    assert [path for path, _, _ in findings_in(index)] == ["b.txt"]


def test_a_selection_reports_what_it_breaks_elsewhere(index: ValidationIndex) -> None:
    """The broken file is not selected, but what breaks it is."""
    world = _world()
    world.bring(index, "one", {"a.txt": None})
    selection = Selection(everything=False, files=frozenset({"a.txt"}))
    assert not stored_findings(index, selection)
    (finding,) = stored_findings(index, selection, broken={("Template", "build")})
    assert finding.place.path == "b.txt"


def test_a_near_name_is_suggested(index: ValidationIndex) -> None:
    """Suggestions are made from what is declared now."""
    _world().bring(index, "one", {"b.txt": "needs=Template/biuld"})
    (finding,) = stored_findings(index, Selection())
    assert finding.remedy.startswith("did you mean 'build'?")


def test_unused_facts_are_forgotten_in_time(index: ValidationIndex) -> None:
    """The index does not grow for ever."""
    world = _world()
    world.bring(index, "one")
    for round_ in range(3):
        world.bring(index, "one", {f"{n}.txt": f"object=o{round_}-{n}" for n in range(600)})
    world.bring(index, "one")
    rows = index._connection.execute("SELECT count(*) FROM identities").fetchone()
    assert rows[0] < 1800


WORDS = st.sampled_from(
    [
        "object=a",
        "object=b",
        "offers=T/x",
        "needs=T/x",
        "needs=T/y",
        "path=d",
        "wrong",
        "offers=T/y",
    ]
)
FILES = st.dictionaries(
    st.sampled_from(["a.txt", "b.txt", "d/c.txt", "d/e.txt", "d/plain", "d/_defaults", "rules"]),
    st.lists(WORDS, max_size=3).map(" ".join),
)


@given(st.lists(st.tuples(FILES, FILES), min_size=1, max_size=4))
def test_step_by_step_equals_from_scratch(
    steps: list[tuple[dict[str, str], dict[str, str]]],
) -> None:
    """Whatever way an index came to a state, it holds the same findings."""
    commits = {"": {}, **{str(number): files for number, (files, _) in enumerate(steps)}}
    world = World(commits=commits)
    walked = ValidationIndex(sqlite3.connect(":memory:", isolation_level=None))
    fresh = ValidationIndex(sqlite3.connect(":memory:", isolation_level=None))
    walked.prepare("code")
    fresh.prepare("code")
    counts = None
    for number, (_, overlay) in enumerate(steps):
        counts = world.bring(walked, str(number), overlay)
    expected = world.bring(fresh, str(len(steps) - 1), steps[-1][1])
    assert findings_in(walked) == findings_in(fresh)
    assert counts is not None
    assert (counts.files, counts.documents) == (expected.files, expected.documents)
    walked.close()
    fresh.close()


def _count_files(index: ValidationIndex) -> int:
    return _world().bring(index, "one").files


def test_an_index_on_disk_is_kept_and_ignored_by_git(tmp_path: Path) -> None:
    """The folder carries its own .gitignore."""
    path = tmp_path / ".ruleengine" / "index.sqlite"
    world = _world()
    for _ in range(2):
        files, reason = with_index(path, "code", lambda index: world.bring(index, "one").files)
        assert (files, reason) == (3, "")
    assert sorted(world.examined) == ["a.txt", "b.txt", "c/d.txt"]
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_a_full_disk_leaves_no_empty_gitignore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one there, Git would see the state folder once there is room again."""
    path = tmp_path / ".ruleengine" / "index.sqlite"
    path.parent.mkdir()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert "No space left" in with_index(path, "c1", lambda _: 1)[1]
    assert list(path.parent.iterdir()) == []
    assert with_index(path, "c1", lambda _: 1) == (1, "")
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_other_code_starts_with_an_empty_index(tmp_path: Path) -> None:
    """Facts are only as good as the code that learnt them."""
    path = tmp_path / "index.sqlite"
    world = _world()
    for code in ("one", "two"):
        with_index(path, code, lambda index: world.bring(index, "one"))
    assert len(world.examined) == 6


def test_a_broken_index_is_replaced(tmp_path: Path) -> None:
    """The run works without it, the next one makes a new one."""
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"no database at all" * 100)
    files, reason = with_index(path, "code", _count_files)
    assert files == 3
    assert "cannot be used" in reason
    assert with_index(path, "code", _count_files) == (3, "")


def test_an_index_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """Somebody else may need it."""
    path = tmp_path / "index.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    files, reason = with_index(path, "code", _count_files)
    assert (files, path.read_bytes()) == (3, before)
    assert "newer" in reason


def test_without_a_place_the_index_is_in_memory(tmp_path: Path) -> None:
    """A folder that cannot be made is no failure."""
    (tmp_path / "file").write_text("")
    files, reason = with_index(tmp_path / "file" / "index.sqlite", "code", _count_files)
    assert files == 3
    assert reason
    assert with_index(None, "code", _count_files)[0] == 3


def test_random_bytes_are_no_index_and_are_removed(tmp_path: Path) -> None:
    """Also where SQLite's message about them is no UTF-8."""
    seen = 0
    for number in range(64):
        path = tmp_path / "index.sqlite"
        path.write_bytes(b"SQLite format 3\0" + random.Random(number).randbytes(4096))
        answer, reason = with_index(path, "code", lambda index: index.remembered("code"))
        assert answer == "code"
        seen += bool(reason)
        path.unlink(missing_ok=True)
    assert seen


def test_a_message_that_is_no_utf_8_tells_of_a_broken_index(tmp_path: Path) -> None:
    """Python raises another error then: the index in memory takes its place all the same."""
    path = tmp_path / "index.sqlite"
    calls: list[int] = []

    def work(index: ValidationIndex) -> str:
        calls.append(1)
        if len(calls) == 1:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return index.remembered("code")

    answer, reason = with_index(path, "code", work)
    assert (answer, path.exists()) == ("code", False)
    assert "index.sqlite cannot be used" in reason
