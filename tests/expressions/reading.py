"""Reads tables of cases: what a language's own implementation answered, one case a line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vectors import vectors_folder

_FOLDER = Path(__file__).parent / "cases"


def table(name: str) -> Any:
    """Return the table of one language as it is written."""
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cases(name: str) -> list[Any]:
    """Return the cases of one language as pytest parameters."""
    rows = table(name)
    return [pytest.param(row, id=f"{number}") for number, row in enumerate(rows, start=1)]


def recorded(function: str) -> list[dict[str, Any]]:
    """Return the recorded cases of a function of events, or skip the calling test."""
    text = (vectors_folder("events") / "vectors.json").read_text(encoding="utf-8")
    return [one for one in json.loads(text)["vectors"] if one["fn"] == function]
