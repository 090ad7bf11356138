"""``docs/rules.md`` tells of every key, filter, test and name that rules have."""

from pathlib import Path

import pytest

from ruleengine.rules import reading, standard, testing

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text()
_KEYS = sorted(
    {
        key
        for table in (reading.KEYS, testing.KEYS)
        for keys in table.values()
        for key in keys
        if key not in ("apiVersion", "kind", "metadata", "labels", "annotations", "description")
    }
)


@pytest.mark.parametrize("key", _KEYS)
def test_every_key_is_told(key: str) -> None:
    """A key that the loader knows stands on the page."""
    assert f"`{key}" in _PAGE or f"{key}:" in _PAGE or f".{key}" in _PAGE


@pytest.mark.parametrize("name", sorted(standard.FILTERS))
def test_every_filter_is_told(name: str) -> None:
    """A filter that expressions may use stands on the page."""
    assert f"`{name}" in _PAGE
