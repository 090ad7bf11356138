"""The house stays one to live in: small files, small functions, nothing printed inside."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = sorted((PROJECT / "ruleengine").rglob("*.py"))
FILE_LIMIT = 400
FUNCTION_LIMIT = 60


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function and method of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_outgrows_its_subject() -> None:
    """A file has at most 400 lines."""
    lengths = {path: len(path.read_text().splitlines()) for path in SOURCES}
    assert {str(path): length for path, length in lengths.items() if length > FILE_LIMIT} == {}


def test_no_function_outgrows_a_screen() -> None:
    """A function has at most 60 lines, its decorators not counted."""
    too_long = [
        f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in functions(ast.parse(path.read_text()))
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > FUNCTION_LIMIT
    ]
    assert too_long == []


@pytest.mark.parametrize("word", ["print", "input", "breakpoint"])
def test_the_rooms_do_not_talk_to_the_terminal(word: str) -> None:
    """Only the command line and the programs of other processes write to a terminal."""
    offenders = [
        str(path.relative_to(PROJECT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == word
    ]
    assert offenders == []
