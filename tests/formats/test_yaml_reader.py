"""Reading never fails: mistakes are findings at their line, the rest is still read."""

import csv
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.formats.yaml_reader import Limits, Parsed, read
from ruleengine.model.codes import registry
from ruleengine.model.findings import has_errors
from ruleengine.model.values import Value
from tests.vectors import vectors_folder

BOMB = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b",".join([b"*%c" % (letter - 1)] * 10))
    for letter in range(ord("b"), ord("m"))
)


def found(parsed: Parsed) -> list[tuple[str, int]]:
    """Return code and line of each finding."""
    return [(one.code, one.place.line) for one in parsed.findings]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: {{ x }}\n", "file-template-unquoted", 1),
        ("b: 1\na: {{ x }}-y\n", "file-template-unquoted", 2),
        ("a:\n\tb: 1\n", "file-syntax-invalid", 2),
        ("a: 'x\nb: 1\n", "file-syntax-invalid", 1),
        ('a: "x\nb: "y"\n', "file-syntax-invalid", 1),
        ("a: [1, 2\nb: 3\n", "file-syntax-invalid", 1),
        ("a: b: c\n", "file-syntax-invalid", 1),
        ("foo\nbar: 1\n", "file-syntax-invalid", 2),
        ("a: 1\nb: 2\na: 3\n", "file-key-duplicate", 3),
        ("8: 1\n010: 2\n", "file-key-duplicate", 2),
        ("a: *b\n", "file-alias-unknown", 1),
        ("a: &a\n- *a\n", "file-alias-circular", 2),
        ("a: !Ref x\n", "file-tag-unknown", 1),
        ("? [a]\n: 1\n", "file-key-invalid", 1),
        ("~: 1\n", "file-key-invalid", 1),
        ("<<: 3\n", "file-merge-invalid", 1),
        ("a: 1\nb: \x01\n", "file-character-invalid", 2),
        ("a: " + "[" * 200, "file-depth-exceeded", 1),
        ("a: 1\nb: " + "[" * 5000, "file-depth-exceeded", 2),
        ("a: 1\n" + "- " * 5000, "file-syntax-invalid", 2),
        ("- " * 5000 + "x", "file-depth-exceeded", 1),
        ("a: " + "{a: " * 5000, "file-depth-exceeded", 1),
        ("k" * 2000 + ": 1", "file-syntax-invalid", 1),
    ],
)
def test_a_mistake_is_one_finding_at_its_line(text: str, code: str, line: int) -> None:
    """Each has a code of the registry and a remedy."""
    parsed = read(text.encode(), "a.yaml")
    assert found(parsed) == [(code, line)]
    assert code in registry()
    assert parsed.findings[0].remedy


def test_a_duplicate_key_names_the_first_one_too() -> None:
    """Both places are needed to decide which one stays."""
    (finding,) = read(b"a:\n  b: 1\n  b: 2\n", "a.yaml").findings
    assert (finding.place.line, finding.place.column) == (3, 3)
    assert [one.place.line for one in finding.related] == [2]


def test_a_bomb_is_refused() -> None:
    """Aliases that stand for billions of values are not followed."""
    assert [code for code, _ in found(read(BOMB, "a.yaml"))] == ["file-aliases-exceeded"]


def test_too_many_bytes_or_values_are_refused() -> None:
    """The limits are the caller's."""
    assert found(read(b"x" * 11, "a.yaml", Limits(bytes=10))) == [("file-size-exceeded", 0)]
    assert found(read(b"[1,2,3]", "a.yaml", Limits(nodes=2))) == [("file-nodes-exceeded", 1)]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\x89PNG\0\0", "file-text-binary"), (b"a: 1\nb: \xff\n", "file-encoding-invalid")],
)
def test_a_file_that_is_no_text_is_a_finding(data: bytes, code: str) -> None:
    """A picture named .yaml is not a broken document."""
    assert [one.code for one in read(data, "a.yaml").findings] == [code]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_8_and_marked_utf_16_are_read(encoding: str) -> None:
    """Editors on Windows write both."""
    assert read("ä: ü\n".encode(encoding), "a.yaml").documents[0].value == {"ä": "ü"}


def test_a_broken_document_does_not_hide_the_others() -> None:
    """Lines stay right behind it."""
    parsed = read(b"a: 1\n---\nb: 'x\n---\nc: 1\nc: 2\n---\nd: !X y\n---\ne: 3\n", "a.yaml")
    assert [one.value for one in parsed.documents] == [{"a": 1}, {"c": 2}, {"e": 3}]
    assert [one.line for one in parsed.documents] == [1, 5, 10]
    assert sorted(line for _, line in found(parsed)) == [3, 6, 8]


def test_empty_documents_are_left_out() -> None:
    """Separators and comments are no content."""
    parsed = read(b"---\n# nothing\n---\na: 1\n---\n", "a.yaml")
    assert [one.value for one in parsed.documents] == [{"a": 1}]


def test_merges_give_way_to_what_is_written() -> None:
    """Of several sources the first that has a key wins."""
    text = b"b: &b {x: 1, y: 2}\nd: {x: 3, <<: *b}\ne: {<<: [*b, {x: 9, z: 4}]}\n"
    value = read(text, "a.yaml").documents[0].value
    assert (value["d"], value["e"]) == ({"x": 3, "y": 2}, {"x": 1, "y": 2, "z": 4})


def test_json_is_read_with_its_escapes() -> None:
    """Tabs, slashes and pairs of surrogates are JSON's own."""
    text = rb'{"a":	"\ud83d\ude00 \/ \\ud83d"}'
    assert read(text, "a.json").documents[0].value == json.loads(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error_of_ours(data: bytes) -> None:
    """What is wrong with them is in the findings."""
    parsed = read(data, "a.yaml")
    assert all(one.code in registry() for one in parsed.findings)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@<? \n\t0.~", max_size=60))
def test_any_text_of_yaml_characters_is_read(text: str) -> None:
    """Whatever is kept can be located."""
    for document in read(text.encode(), "a.yaml").documents:
        for path in paths(document.value):
            assert min(document.locator.key(path)) >= 1


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), PLAIN))
def test_json_documents_mean_the_same_as_to_pyyaml(value: Value) -> None:
    """Our builder is a quick way to the same data."""
    text = json.dumps(value, ensure_ascii=True)
    parsed = read(text.encode(), "a.json")
    if "\\ud" not in text:
        assert parsed.documents[0].value == yaml.safe_load(text)
    assert parsed.documents[0].value == value


def paths(value: Value, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every key and item inside a value."""
    items: list[tuple[str | int, Value]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [
        path for step, inner in items for path in [(*above, step), *paths(inner, (*above, step))]
    ]


def test_every_key_is_located_at_its_text() -> None:
    """Line and column count from 1; a path that leaves the document means its parent."""
    text = "a: 1\nb:\n  - c: x\n    'd': [y, {e: z}]\n"
    (document,) = read(text.encode(), "a.yaml").documents
    lines = text.splitlines()
    for path in paths(document.value):
        line, column = document.locator.key(path)
        if isinstance(path[-1], str):
            assert lines[line - 1][column - 1 :].lstrip("'").startswith(path[-1])
    assert document.locator.value(("b", 0, "d", 1, "e")) == (4, 18)
    assert document.locator.key(("b", 0, "missing", "more")) == document.locator.key(("b", 0))


@pytest.mark.vectors("documents/accept")
def test_every_public_document_is_read_and_located() -> None:
    """No error in any of them, and each key stands where the locator says."""
    files = [one for one in vectors_folder("documents/accept").rglob("*") if one.is_file()]
    assert len(files) >= 164
    for file in files:
        parsed = read(file.read_bytes(), file.name)
        assert not has_errors(parsed.findings), file
        lines = file.read_text().splitlines()
        for document in parsed.documents:
            for path in paths(document.value):
                line, column = document.locator.key(path)
                key = path[-1]
                if isinstance(key, str):
                    assert lines[line - 1][column - 1 :].lstrip("\"'").startswith(key), path


@pytest.mark.vectors("documents/reject")
def test_broken_yaml_and_duplicate_keys_are_errors_on_their_line() -> None:
    """The lines are those of the expectations."""
    folder = vectors_folder("documents/reject")
    for file, line in broken(folder):
        parsed = read((folder / file).read_bytes(), file)
        assert line in [one.place.line for one in parsed.findings], file


def broken(folder: Path) -> list[tuple[str, int]]:
    """Return file and line of the cases that a reader has to find."""
    with (folder / "expected.tsv").open(newline="") as stream:
        rows = [
            row
            for row in csv.DictReader(stream, delimiter="\t")
            if row["code"] in ("bad-yaml", "duplicate-key")
        ]
    assert len(rows) >= 6
    return [(row["file"], int(row["line"])) for row in rows]


@pytest.mark.parametrize("text", ["[", "{a: ", "- ", "? "])
def test_what_stands_behind_a_refused_part_is_not_parsed(text: str) -> None:
    """Millions of brackets take no longer than the first hundred; the next document is read."""
    parsed = read(f"{text * 500_000}\n---\na: 1\n".encode(), "a.yaml")
    assert len(parsed.findings) == 1
    assert [one.value for one in parsed.documents] == [{"a": 1}]
