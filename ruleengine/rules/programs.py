"""Programs: parsed expressions as closures.

Jinja parses; what it parsed is turned into closures here instead of Python source. The
semantics are Jinja's and every access goes through the sandbox's own methods, but the first
use of an expression costs a tenth, and most rules are used a few times per run.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, Protocol

from jinja2 import nodes
from jinja2.exceptions import TemplateAssertionError
from jinja2.runtime import Context

from ruleengine.model.values import Value
from ruleengine.rules.filters import as_text, join
from ruleengine.rules.sandbox import Missing, RuleEnvironment, environment


class Names(Protocol):
    """What a program needs to run: the names that it sees, and Jinja's context for filters."""

    variables: dict[str, Value]
    context: Context


Program = Callable[[Names], Value]

_ABSENT: Final = object()
_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}


def build(node: nodes.Node) -> Program:
    """Return the program of an expression.

    Raises ``TemplateAssertionError`` for what rules do not offer.
    """
    builder = _BUILDERS.get(type(node))
    if builder is None:
        kind = type(node).__name__
        raise TemplateAssertionError(f"{kind} is not offered in rules", node.lineno)
    return builder(node, environment())


def joined(parts: list[nodes.Node]) -> Program:
    """Return the program of a text with expressions in it."""
    programs = [build(part) for part in parts]
    return lambda names: join([program(names) for program in programs])


def _constant(node: Any, _jinja: RuleEnvironment) -> Program:
    value = node.data if isinstance(node, nodes.TemplateData) else node.value
    return lambda _names: value


def _name(node: nodes.Name, _jinja: RuleEnvironment) -> Program:
    name = node.name

    def program(names: Names) -> Value:
        value = names.variables.get(name, _ABSENT)
        return Missing(name=name) if value is _ABSENT else value

    return program


def _list(node: Any, _jinja: RuleEnvironment) -> Program:
    items = [build(item) for item in node.items]
    return lambda names: [item(names) for item in items]


def _dict(node: nodes.Dict, _jinja: RuleEnvironment) -> Program:
    items = [(build(pair.key), build(pair.value)) for pair in node.items]
    return lambda names: {key(names): value(names) for key, value in items}


def _getattr(node: nodes.Getattr, jinja: RuleEnvironment) -> Program:
    inner, name, get = build(node.node), node.attr, jinja.getattr

    def program(names: Names) -> Value:
        value = inner(names)
        return value[name] if type(value) is dict and name in value else get(value, name)

    return program


def _getitem(node: nodes.Getitem, jinja: RuleEnvironment) -> Program:
    inner, argument, get = build(node.node), build(node.arg), jinja.getitem
    return lambda names: get(inner(names), argument(names))


def _slice(node: nodes.Slice, _jinja: RuleEnvironment) -> Program:
    start, stop, step = (
        build(one) if one is not None else None for one in (node.start, node.stop, node.step)
    )
    return lambda names: slice(*(one(names) if one else None for one in (start, stop, step)))


def _arguments(node: Any) -> tuple[list[Program], dict[str, Program]]:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateAssertionError("* and ** are not offered in calls", node.lineno)
    return [build(one) for one in node.args], {one.key: build(one.value) for one in node.kwargs}


def _filter(node: nodes.Filter, jinja: RuleEnvironment) -> Program:
    return _applied(node, jinja.filters, jinja.call_filter, "filter")


def _test(node: nodes.Test, jinja: RuleEnvironment) -> Program:
    return _applied(node, jinja.tests, jinja.call_test, "test")


def _applied(node: Any, table: dict[str, Any], call: Callable[..., Value], what: str) -> Program:
    """Return the program of a filter or a test; some of Jinja's want its context."""
    name = node.name
    if name not in table or node.node is None:
        raise TemplateAssertionError(f"No {what} named {name!r}.", node.lineno)
    function, inner = table[name], build(node.node)
    positional, keywords = _arguments(node)
    if hasattr(function, "jinja_pass_arg"):
        return lambda names: call(
            name,
            inner(names),
            [one(names) for one in positional],
            {key: one(names) for key, one in keywords.items()},
            context=names.context,
        )
    if not keywords and not positional:
        return lambda names: function(inner(names))
    if not keywords and len(positional) == 1:
        argument = positional[0]
        return lambda names: function(inner(names), argument(names))
    return lambda names: function(
        inner(names),
        *[one(names) for one in positional],
        **{key: one(names) for key, one in keywords.items()},
    )


def _call(node: nodes.Call, jinja: RuleEnvironment) -> Program:
    called = build(node.node)
    positional, keywords = _arguments(node)
    return lambda names: jinja.call(
        names.context,
        called(names),
        *[one(names) for one in positional],
        **{key: one(names) for key, one in keywords.items()},
    )


def _compare(node: nodes.Compare, _jinja: RuleEnvironment) -> Program:
    first = build(node.expr)
    operands = [(_COMPARISONS[one.op], build(one.expr)) for one in node.ops]

    def program(names: Names) -> Value:
        left = first(names)
        result: Value = True
        for compare, operand in operands:
            right = operand(names)
            result = compare(left, right)
            if not result:
                return result
            left = right
        return result

    return program


def _and(node: nodes.And, _jinja: RuleEnvironment) -> Program:
    left, right = build(node.left), build(node.right)
    return lambda names: left(names) and right(names)


def _or(node: nodes.Or, _jinja: RuleEnvironment) -> Program:
    left, right = build(node.left), build(node.right)
    return lambda names: left(names) or right(names)


def _not(node: nodes.Not, _jinja: RuleEnvironment) -> Program:
    inner = build(node.node)
    return lambda names: not inner(names)


def _unary(node: Any, jinja: RuleEnvironment) -> Program:
    inner, sign = build(node.node), node.operator
    return lambda names: jinja.call_unop(names.context, sign, inner(names))


def _binary(node: Any, jinja: RuleEnvironment) -> Program:
    left, right, sign = build(node.left), build(node.right), node.operator
    return lambda names: jinja.call_binop(names.context, sign, left(names), right(names))


def _concat(node: nodes.Concat, _jinja: RuleEnvironment) -> Program:
    parts = [build(part) for part in node.nodes]
    return lambda names: join([as_text(part(names)) for part in parts])


def _condition(node: nodes.CondExpr, _jinja: RuleEnvironment) -> Program:
    test, yes = build(node.test), build(node.expr1)
    no = build(node.expr2) if node.expr2 is not None else None

    def program(names: Names) -> Value:
        if test(names):
            return yes(names)
        return no(names) if no else Missing(name="else")

    return program


_BUILDERS: Final[dict[type[nodes.Node], Callable[[Any, RuleEnvironment], Program]]] = {
    nodes.Add: _binary,
    nodes.And: _and,
    nodes.Call: _call,
    nodes.Compare: _compare,
    nodes.Concat: _concat,
    nodes.CondExpr: _condition,
    nodes.Const: _constant,
    nodes.Dict: _dict,
    nodes.Div: _binary,
    nodes.Filter: _filter,
    nodes.FloorDiv: _binary,
    nodes.Getattr: _getattr,
    nodes.Getitem: _getitem,
    nodes.List: _list,
    nodes.Mod: _binary,
    nodes.Mul: _binary,
    nodes.Name: _name,
    nodes.Neg: _unary,
    nodes.Not: _not,
    nodes.Or: _or,
    nodes.Pos: _unary,
    nodes.Pow: _binary,
    nodes.Slice: _slice,
    nodes.Sub: _binary,
    nodes.TemplateData: _constant,
    nodes.Test: _test,
    nodes.Tuple: _list,
}
