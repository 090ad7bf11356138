"""Jinja reads the expressions; what it read becomes a tree of plain lists.

A tree is ``[kind, ...]``; :mod:`ruleengine.rules.code` lists the kinds. It can be kept as
JSON, so that Jinja, whose import takes longer than checking a file, is needed for texts only
that nobody has read before: ``rules/expressions.json`` holds those of the built-in rules.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ruleengine.model.data import data_folder
from ruleengine.rules.faults import ExpressionFault

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

Tree: TypeAlias = list[Any]

MARK: Final = "${{"
"""What an expression begins with inside a text."""

KNOWN: Final = "expressions.json"
"""The file among the built-in rules with the trees of their expressions."""

_LONGEST_TEXT: Final = 4_000
_MOST_NODES: Final = 500


@lru_cache(maxsize=2048)
def tree_of(text: str) -> Tree:
    """Return the tree of a text with expressions. Raises ``ExpressionFault``."""
    return _known().get(text) or parse(text)


@cache
def _known() -> dict[str, Tree]:
    try:
        found: dict[str, Tree] = json.loads((data_folder("rules") / KNOWN).read_bytes())
    except (OSError, ValueError):
        return {}  # the file saves time, nothing else
    return found


def parse(text: str) -> Tree:
    """Read a text with Jinja. Raises ``ExpressionFault``."""
    if len(text) > _LONGEST_TEXT and MARK in text[_LONGEST_TEXT:]:
        raise ExpressionFault("the text is too long to hold expressions")
    from jinja2 import TemplateError, nodes

    try:
        parsed = _environment().parse(text)
        if sum(1 for _ in parsed.find_all(nodes.Node)) > _MOST_NODES:
            raise ExpressionFault("the expression is too long")
        parts = [_tree(part) for output in parsed.body for part in getattr(output, "nodes", [])]
    except TemplateError as error:
        raise ExpressionFault(_words(error)) from error
    except RecursionError as error:
        raise ExpressionFault("the expression is nested too deeply") from error
    except ValueError as error:  # Python's own limit of digits
        raise ExpressionFault("a number has too many digits") from error
    return parts[0] if len(parts) == 1 else ["text", parts]


@cache
def _environment() -> Environment:
    """Return what reads expressions.

    Only ``${{ }}`` is markup. The delimiters of statements and comments hold a NUL, which
    no YAML document can contain: so a shell's ``${#list}`` in a rule stays text.
    """
    from jinja2 import Environment

    return Environment(  # noqa: S701 - it only reads; nothing is rendered, least of all HTML
        variable_start_string="${{",
        variable_end_string="}}",
        block_start_string="\0{%",
        block_end_string="%\0",
        comment_start_string="\0{#",
        comment_end_string="#\0",
        keep_trailing_newline=True,
        cache_size=0,
    )


def _words(error: Exception) -> str:
    """Return what Jinja says, without the line that it counts inside of the text."""
    words = getattr(error, "message", None) or type(error).__name__
    ended = words.replace("'end of print statement'", "the end of the expression")
    return ended.replace("token the end", "the end")


def _tree(node: nodes.Node) -> Tree:
    kind = type(node).__name__
    make = _KINDS.get(kind)
    if make is None:
        raise ExpressionFault(f"{kind} is not offered in rules")
    return make(node)


def _some(node: nodes.Node | None) -> Tree | None:
    return None if node is None else _tree(node)


def _arguments(node: Any) -> list[Any]:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise ExpressionFault("* and ** are not offered in calls")
    named = {one.key: _tree(one.value) for one in node.kwargs}
    return [[_tree(one) for one in node.args], named]


def _applied(node: Any) -> Tree:
    if node.node is None:
        raise ExpressionFault("a filter needs something to work on")
    return [type(node).__name__.lower(), node.name, _tree(node.node), *_arguments(node)]


def _binary(sign: str) -> Callable[[Any], Tree]:
    return lambda node: ["binary", sign, _tree(node.left), _tree(node.right)]


def _both(kind: str) -> Callable[[Any], Tree]:
    return lambda node: [kind, _tree(node.left), _tree(node.right)]


def _list(node: Any) -> Tree:
    return ["list", [_tree(item) for item in node.items]]


_KINDS: Final[dict[str, Callable[[Any], Tree]]] = {
    "Add": _binary("+"),
    "And": _both("and"),
    "Call": lambda node: ["call", _tree(node.node), *_arguments(node)],
    "Compare": lambda node: [
        "compare",
        _tree(node.expr),
        [[one.op, _tree(one.expr)] for one in node.ops],
    ],
    "Concat": lambda node: ["text", [_tree(part) for part in node.nodes]],
    "CondExpr": lambda node: ["if", _tree(node.test), _tree(node.expr1), _some(node.expr2)],
    "Const": lambda node: ["const", node.value],
    "Dict": lambda node: ["dict", [[_tree(one.key), _tree(one.value)] for one in node.items]],
    "Div": _binary("/"),
    "Filter": _applied,
    "FloorDiv": _binary("//"),
    "Getattr": lambda node: ["field", _tree(node.node), node.attr],
    "Getitem": lambda node: ["item", _tree(node.node), _tree(node.arg)],
    "List": _list,
    "Mod": _binary("%"),
    "Mul": _binary("*"),
    "Name": lambda node: ["name", node.name],
    "Neg": lambda node: ["unary", "-", _tree(node.node)],
    "Not": lambda node: ["not", _tree(node.node)],
    "Or": _both("or"),
    "Pos": lambda node: ["unary", "+", _tree(node.node)],
    "Pow": _binary("**"),
    "Slice": lambda node: ["slice", *(_some(one) for one in (node.start, node.stop, node.step))],
    "Sub": _binary("-"),
    "TemplateData": lambda node: ["const", node.data],
    "Test": _applied,
    "Tuple": _list,
}
