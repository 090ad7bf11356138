"""Editing a user's file changes the asked line and nothing else."""

import pytest

from ruleengine.formats.yaml_editor import delete_value, set_value
from ruleengine.model.errors import FailedError

TEXT = """# head
kind: "X"   # quoted

spec:
  mode: 010  # eight
  list:
    - name: a   # first
      image: "repo/a:1.0"
    - {name: b, image: repo/b}
  answer: yes
---
other: 1
"""


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (("spec", "list", 0, "image"), "repo/a:2.0", '"repo/a:1.0"', '"repo/a:2.0"'),
        (("spec", "list", 0, "name"), "on", "a   # first", "'on' # first"),
        (("kind",), "Y", '"X"   # quoted', '"Y"   # quoted'),
    ],
)
def test_a_value_is_set_where_it_stands(
    path: tuple[str | int, ...], value: str, before: str, after: str
) -> None:
    """Comments, quotes and the other lines stay."""
    assert set_value(TEXT, path, value) == TEXT.replace(before, after, 1)


def test_missing_maps_are_made() -> None:
    """A text that looks like a switch is quoted."""
    changed = set_value(TEXT, ("spec", "new", "deep"), "on")
    assert "  new:\n    deep: 'on'\n" in changed


def test_other_documents_of_the_file_can_be_changed() -> None:
    """They count from 0."""
    assert set_value(TEXT, ("other",), 2, document=1) == TEXT.replace("other: 1", "other: 2")


def test_a_value_is_deleted() -> None:
    """With its line; what is not there is no change."""
    assert delete_value(TEXT, ("spec", "answer")) == TEXT.replace("  answer: yes\n", "")
    assert delete_value(TEXT, ("spec", "missing", "x")) == TEXT


@pytest.mark.parametrize(
    ("text", "path"), [("a: [", ("a",)), ("a: 1", ("a", "b")), ("a: 1", ()), ("", ("a",))]
)
def test_what_cannot_be_edited_is_refused(text: str, path: tuple[str, ...]) -> None:
    """With a remedy, and without half a change."""
    with pytest.raises(FailedError) as caught:
        set_value(text, path, 1)
    assert caught.value.remedy
