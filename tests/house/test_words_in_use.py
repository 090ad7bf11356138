"""What the pages list is in use: every finding code is told somewhere, every name spelt once."""

import ast
from collections.abc import Iterator
from pathlib import Path

from ruleengine.model.codes import registry
from ruleengine.model.names import DOMAIN, NAMES

PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = PROJECT / "ruleengine"
DECLARED = PACKAGE / "model" / "codes"
NAMED = PACKAGE / "model" / "names.py"
ADDRESS = f"https://{DOMAIN}/"
"""Addresses of schemas are no names that we write on objects."""


def texts(path: Path) -> Iterator[str]:
    """Return the texts that a module's code holds, its docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_every_declared_code_is_told_somewhere() -> None:
    """A code that no code path uses would make the page of codes untrue."""
    sources = [path for path in PACKAGE.rglob("*.py") if DECLARED not in path.parents]
    used = {text for path in sources for text in texts(path)}
    built = "\n".join(path.read_text() for path in (PROJECT / "rules").rglob("*.yaml"))
    assert [name for name in registry() if name not in used and name not in built] == []


def test_our_names_are_spelt_in_one_module() -> None:
    """Labels, annotations and managers come from ``model/names.py``."""
    listed = {one.name for one in NAMES}
    offenders = [
        f"{path.relative_to(PROJECT)}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != NAMED
        for text in texts(path)
        if text in listed - {"ruleengine"} or (DOMAIN in text and ADDRESS not in text)
    ]
    assert offenders == []
