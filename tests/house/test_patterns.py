"""No pattern that a user writes is given to an engine that goes back.

Such an engine can take for ever in C, where no decision can be interrupted. Patterns of users
are RE2's (``ruleengine.expressions.regular``).
"""

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2] / "ruleengine"
ENGINES: Final = frozenset(
    {"search", "match", "fullmatch", "sub", "split", "findall", "finditer", "compile"}
)
OURS: Final = {
    "apimachinery/custom_formats.py": "the formats that the API has",
    "app/pipelines/logs.py": "who looks for something at a terminal ends it there",
    "formats/go_time_parsing.py": "a number of so many digits",
    "formats/yaml_errors.py": "a table of what the YAML library says",
    "pipelines/cron_reconciler.py": "a tag that is part of the language",
    "pipelines/expanding.py": "a word of the language",
    "rendering/globs.py": "a class is compiled to see whether it is one",
}
"""Where a pattern is no constant, and whose it is."""


def _is_constant(node: ast.expr) -> bool:
    """Tell whether a pattern is written in the code, or made of what is."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper()
        case ast.JoinedStr(values=parts):
            return all(_is_constant(one) for one in parts)
        case ast.FormattedValue(value=value):
            return _is_constant(value)
        case ast.BinOp(left=left, right=right):
            return _is_constant(left) and _is_constant(right)
    return False


def patterns_of_others(code: str) -> list[int]:
    """Return the lines where a pattern that is no constant is compiled or searched for."""
    found = []
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re"), attr=attr), args=[pattern, *_]
            ) if attr in ENGINES and not _is_constant(pattern):
                found.append(node.lineno)
    return found


def test_a_pattern_that_is_no_constant_is_found() -> None:
    """Else the next test would prove nothing."""
    assert patterns_of_others('re.search(pattern, "a")') == [1]
    assert patterns_of_others('re.compile(f"{given}+")') == [1]
    assert patterns_of_others('re.compile(f"{_PART}+" + "x")') == []


def test_patterns_of_users_are_matched_without_going_back() -> None:
    """A pattern that is no constant is one of ours, and said to be."""
    files = {str(one.relative_to(ROOT)): one for one in ROOT.rglob("*.py")}
    found = {name for name, one in files.items() if patterns_of_others(one.read_text("utf-8"))}
    assert found == set(OURS)
