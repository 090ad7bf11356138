"""What is broken on purpose can be broken: the tables name code that stands once, and real tests.

That each break is noticed is shown by ``make broken-rules``.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.broken_rules.entries import PROJECT, BrokenRule, entries, sections

SHOWN = ("aggregation", "depends", "hooks", "locks", "retry", "substitution", "validation", "when")
"""Sections of the reference of which every rule that is kept has an entry."""


@cache
def promises_of(path: Path) -> dict[str, tuple[str, ...]]:
    """Return what each test of a file is given, by the names of the tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: tuple(one.arg for one in (*node.args.args, *node.args.kwonlyargs))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def test_every_section_that_is_shown_has_a_table() -> None:
    """Tables do not get lost."""
    assert set(SHOWN) <= {one.section for one in entries(sections())}


@pytest.mark.parametrize("section", sections())
def test_rules_are_told_once(section: str) -> None:
    """The sentence is the name of an entry."""
    rules = [one.rule for one in entries([section])]
    assert sorted(set(rules)) == sorted(rules)


@pytest.mark.parametrize("entry", entries(sections()), ids=lambda one: f"{one.section}: {one.rule}")
def test_a_rule_can_be_broken(entry: BrokenRule) -> None:
    """Its code stands once in its file, the break is still Python, and the test is one of ours."""
    broken = entry.breaks((PROJECT / entry.file).read_text(encoding="utf-8"))
    if entry.file.endswith(".py"):
        ast.parse(broken)
    path, _, name = entry.test.partition("::")
    assert name.partition("[")[0] in promises_of(PROJECT / path)


@pytest.mark.parametrize("section", sections())
def test_a_row_is_named_by_its_values(section: str) -> None:
    """Numbers that pytest gives to rows are others once a row is added before them."""
    for entry in entries([section]):
        path, _, name = entry.test.partition("::")
        test, _, row = name.removesuffix("]").partition("[")
        given = "|".join(promises_of(PROJECT / path)[test]) or "$."
        assert not re.search(rf"(^|-)({given})\d+(-|$)", row), entry.test
