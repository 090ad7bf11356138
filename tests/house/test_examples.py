"""What the examples in docstrings show is what the code does."""

import doctest
import importlib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def exemplified() -> list[str]:
    """Return the names of the modules whose docstrings hold examples."""
    modules = sorted((PROJECT / "ruleengine").rglob("*.py"))
    return [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for path in modules
        if ">>> " in path.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("name", exemplified())
def test_examples_in_docstrings_hold(name: str) -> None:
    """Each is run as a reader would type it."""
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
