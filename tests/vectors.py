"""Finds the shared vectors: cases with expected results that lie beside the project.

``RULEENGINE_VECTORS`` names the folder; without it the folder ``shared/vectors`` beside
the project is tried. On a machine that has neither, the tests that need them skip.
"""

import os
from pathlib import Path

import pytest

_PROJECT = Path(__file__).resolve().parent.parent


def vectors_folder(name: str) -> Path:
    """Return the folder of one set of vectors, or skip the calling test."""
    root = Path(os.environ.get("RULEENGINE_VECTORS", _PROJECT.parent / "shared" / "vectors"))
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"the vectors {name!r} are not here: set RULEENGINE_VECTORS")
    return folder
