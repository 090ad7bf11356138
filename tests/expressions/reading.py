"""Reads the tables of cases: what the language's own implementation answered, one case a line."""

import json
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).parent / "cases"


def cases(name: str) -> list[Any]:
    """Return the cases of one language as pytest parameters."""
    rows = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(row, id=f"{number}") for number, row in enumerate(rows, start=1)]
