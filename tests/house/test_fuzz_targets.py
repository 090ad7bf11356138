"""Whatever bytes come, every language and every reader ends well; fuzzing goes on from there."""

import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine import expressions
from tools.fuzz import __main__ as command
from tools.fuzz.languages import LANGUAGES
from tools.fuzz.machinery import MACHINERY
from tools.fuzz.targets import Target

TARGETS = {**LANGUAGES, **MACHINERY}
_PIECE = re.compile(r"\w+|\s+|[^\w\s]")


def soups(target: Target) -> st.SearchStrategy[bytes]:
    """Return pieces of the seeds in any order, with whatever bytes between them."""
    pieces = sorted({piece for seed in target.seeds for piece in _PIECE.findall(seed)})
    some = st.sampled_from(pieces) | st.sampled_from(target.seeds) | st.text(max_size=3)
    words = st.lists(some, max_size=12).map("".join)
    return st.builds(bytes.__add__, words.map(_bytes), st.just(b"") | st.binary(max_size=8))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_any_bytes_end_well(name: str, data: st.DataObject) -> None:
    """Pieces of texts that mean something, and what nobody would write."""
    TARGETS[name].run(data.draw(soups(TARGETS[name])))


@pytest.mark.parametrize("name", TARGETS)
def test_what_fuzzing_begins_with_ends_well(name: str) -> None:
    """Seeds, whole and cut anywhere."""
    for seed in TARGETS[name].seeds:
        whole = _bytes(seed)
        for end in range(0, len(whole) + 1, 3):
            TARGETS[name].run(whole[:end])
        TARGETS[name].run(whole)


def test_every_language_is_fuzzed() -> None:
    """Each module of the room that compiles texts has a target of its name."""
    (room,) = expressions.__path__
    shape = re.compile(r"^def compile\(|^    compile,", re.MULTILINE)
    alone = {path.stem: path for path in Path(room).glob("[!_]*.py")}
    files = alone | {path.parent.name: path for path in Path(room).glob("*/__init__.py")}
    languages = {name for name, path in files.items() if shape.search(path.read_text("utf-8"))}
    assert languages == set(LANGUAGES)


def test_an_input_is_tried_again_by_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without atheris, so that a finding can be looked at anywhere."""
    (tmp_path / "input").write_bytes(b"1.5Gi")
    command.main(["quantities", "--input", str(tmp_path / "input")])
    command.main(["--list"])
    assert capsys.readouterr().out.split() == list(TARGETS)
    with pytest.raises(SystemExit):
        command.main(["nothing", "--input", str(tmp_path / "input")])
    assert "no target 'nothing'" in capsys.readouterr().err


def test_who_lacks_atheris_is_told_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the tools does not need it."""
    monkeypatch.setitem(sys.modules, "atheris", None)
    with pytest.raises(SystemExit, match="fuzz"):
        command.main(["gjson"])
