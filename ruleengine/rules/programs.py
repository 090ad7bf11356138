"""Programs: parsed expressions as closures.

Jinja parses; what it parsed is turned into closures here instead of Python source. The
semantics are Jinja's and every access goes through the sandbox's own methods, but the first
use of an expression costs a tenth, and most rules are used a few times per run.

Fields of plain maps are read directly: nothing but data can be there. Shapes that most
rules consist of have closures of their own (:mod:`ruleengine.rules.shapes`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from jinja2 import nodes
from jinja2.exceptions import TemplateAssertionError

from ruleengine.model.values import Value
from ruleengine.rules import shapes
from ruleengine.rules.filters import join
from ruleengine.rules.sandbox import MAPPING_METHODS, RuleEnvironment, environment, missing
from ruleengine.rules.scopes import Program, Scope

_Table = dict[str, Any]


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
    return lambda scope: join([program(scope) for program in programs])


def _constant(node: Any, _jinja: RuleEnvironment) -> Program:
    return shapes.constant(node.data if isinstance(node, nodes.TemplateData) else node.value)


def _name(node: nodes.Name, _jinja: RuleEnvironment) -> Program:
    return shapes.walk((node.name,))


def _list(node: Any, _jinja: RuleEnvironment) -> Program:
    known = _literal(node)
    if known is not None:
        return shapes.constant(known)
    items = [build(item) for item in node.items]
    return lambda scope: [item(scope) for item in items]


def _dict(node: nodes.Dict, _jinja: RuleEnvironment) -> Program:
    if not node.items:
        return shapes.constant({})
    items = [(build(pair.key), build(pair.value)) for pair in node.items]
    return lambda scope: {key(scope): value(scope) for key, value in items}


def _getattr(node: nodes.Getattr, jinja: RuleEnvironment) -> Program:
    names = _chain(node)
    if names:
        return shapes.walk(names)
    inner, name, get = build(node.node), node.attr, jinja.getattr

    def program(scope: Scope) -> Value:
        value = inner(scope)
        return value[name] if type(value) is dict and name in value else get(value, name)

    return program


def _chain(node: nodes.Node) -> tuple[str, ...]:
    """Return the names of ``a.b.c``; nothing where one of them could be a method."""
    names: list[str] = []
    while isinstance(node, nodes.Getattr):
        if node.attr in MAPPING_METHODS:
            return ()
        names.append(node.attr)
        node = node.node
    return (node.name, *reversed(names)) if isinstance(node, nodes.Name) else ()


def _getitem(node: nodes.Getitem, jinja: RuleEnvironment) -> Program:
    inner, argument, get = build(node.node), build(node.arg), jinja.getitem
    if not isinstance(node.arg, nodes.Const) or not isinstance(node.arg.value, str):
        return lambda scope: get(inner(scope), argument(scope))
    name: str = node.arg.value
    absent = missing(name)

    def program(scope: Scope) -> Value:
        value = inner(scope)
        return value.get(name, absent) if type(value) is dict else get(value, name)

    return program


def _slice(node: nodes.Slice, _jinja: RuleEnvironment) -> Program:
    start, stop, step = (
        build(one) if one is not None else None for one in (node.start, node.stop, node.step)
    )
    return lambda scope: slice(*(one(scope) if one else None for one in (start, stop, step)))


def _literal(node: nodes.Node) -> Value:
    """Return the constant or the list of constants that a node is, or ``None``."""
    if isinstance(node, nodes.Const):
        return node.value
    if isinstance(node, nodes.List | nodes.Tuple):
        values = [one.value for one in node.items if isinstance(one, nodes.Const)]
        return values if len(values) == len(node.items) else None
    return None


def _arguments(node: Any) -> tuple[list[Program], dict[str, Program]]:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise TemplateAssertionError("* and ** are not offered in calls", node.lineno)
    return [build(one) for one in node.args], {one.key: build(one.value) for one in node.kwargs}


def _filter(node: nodes.Filter, jinja: RuleEnvironment) -> Program:
    if node.name not in jinja.filters or node.node is None:
        raise TemplateAssertionError(f"No filter named {node.name!r}.", node.lineno)
    inner, (positional, keywords) = build(node.node), _arguments(node)
    filters: _Table = jinja.filters
    tests: _Table = jinja.tests
    if node.name == "default" and not keywords and len(positional) <= 1:
        return shapes.default(inner, positional[0] if positional else shapes.constant(""))
    if node.name == "map" and not positional and list(keywords) == ["attribute"]:
        attribute = _literal(node.kwargs[0].value)
        if shapes.is_plain(attribute):
            return shapes.attributes(inner, attribute)
    if node.name == "map" and not keywords and len(positional) == 1:
        function = filters.get(_literal(node.args[0]))
        if function is not None and not hasattr(function, "jinja_pass_arg"):
            return shapes.mapped(inner, function)
    if node.name in shapes.SELECTIONS and positional and not keywords:
        kept, by_attribute = shapes.SELECTIONS[node.name]
        words = [_literal(one) for one in node.args[: 1 + by_attribute]]
        if words[-1] in tests and (not by_attribute or shapes.is_plain(words[0])):
            get = shapes.reader(words[0]) if by_attribute else None
            test = (tests[words[-1]], positional[len(words) :])
            return shapes.selection(inner, get, test, kept=kept)
    return _applied(node.name, (filters[node.name], jinja.call_filter), inner, node)


def _test(node: nodes.Test, jinja: RuleEnvironment) -> Program:
    if node.name not in jinja.tests:
        raise TemplateAssertionError(f"No test named {node.name!r}.", node.lineno)
    if node.name == "defined":
        return shapes.defined(build(node.node))
    if node.name == "undefined":
        return shapes.undefined(build(node.node))
    tests: _Table = jinja.tests
    return _applied(node.name, (tests[node.name], jinja.call_test), build(node.node), node)


def _applied(
    name: str, how: tuple[Callable[..., Value], Callable[..., Value]], inner: Program, node: Any
) -> Program:
    """Return the program of a filter or a test; some of Jinja's want its context."""
    function, call = how
    positional, keywords = _arguments(node)
    if hasattr(function, "jinja_pass_arg"):
        return lambda scope: call(
            name,
            inner(scope),
            [one(scope) for one in positional],
            {key: one(scope) for key, one in keywords.items()},
            context=scope.context,
        )
    if not keywords and not positional:
        return lambda scope: function(inner(scope))
    if not keywords and len(positional) == 1:
        argument = positional[0]
        return lambda scope: function(inner(scope), argument(scope))
    return lambda scope: function(
        inner(scope),
        *[one(scope) for one in positional],
        **{key: one(scope) for key, one in keywords.items()},
    )


def _call(node: nodes.Call, jinja: RuleEnvironment) -> Program:
    called = build(node.node)
    positional, keywords = _arguments(node)

    def program(scope: Scope) -> Value:
        function = called(scope)
        arguments = [one(scope) for one in positional]
        named = {key: one(scope) for key, one in keywords.items()}
        if jinja.is_safe_callable(function):
            return function(*arguments, **named)
        return jinja.call(scope.context, function, *arguments, **named)

    return program


def _compare(node: nodes.Compare, _jinja: RuleEnvironment) -> Program:
    first = build(node.expr)
    operands = [(shapes.COMPARISONS[one.op], build(one.expr)) for one in node.ops]
    if len(operands) == 1:
        compare, second = operands[0]
        return lambda scope: compare(first(scope), second(scope))

    def program(scope: Scope) -> Value:
        left = first(scope)
        result: Value = True
        for compare, operand in operands:
            right = operand(scope)
            result = compare(left, right)
            if not result:
                return result
            left = right
        return result

    return program


def _and(node: nodes.And, _jinja: RuleEnvironment) -> Program:
    left, right = build(node.left), build(node.right)
    return lambda scope: left(scope) and right(scope)


def _or(node: nodes.Or, _jinja: RuleEnvironment) -> Program:
    left, right = build(node.left), build(node.right)
    return lambda scope: left(scope) or right(scope)


def _not(node: nodes.Not, _jinja: RuleEnvironment) -> Program:
    inner = build(node.node)
    return lambda scope: not inner(scope)


def _unary(node: Any, jinja: RuleEnvironment) -> Program:
    inner, sign = build(node.node), node.operator
    return lambda scope: jinja.call_unop(scope.context, sign, inner(scope))


def _binary(node: Any, jinja: RuleEnvironment) -> Program:
    left, right, sign = build(node.left), build(node.right), node.operator
    return lambda scope: jinja.call_binop(None, sign, left(scope), right(scope))


def _concat(node: nodes.Concat, _jinja: RuleEnvironment) -> Program:
    parts = [build(part) for part in node.nodes]
    return lambda scope: join([part(scope) for part in parts])


def _condition(node: nodes.CondExpr, _jinja: RuleEnvironment) -> Program:
    test, yes = build(node.test), build(node.expr1)
    no = build(node.expr2) if node.expr2 is not None else shapes.constant(missing("else"))
    return lambda scope: yes(scope) if test(scope) else no(scope)


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
