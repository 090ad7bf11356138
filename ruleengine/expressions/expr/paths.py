"""Paths: a value and the fields, slices and calls behind it, walked by one loop."""

from collections.abc import Callable
from typing import Any, Protocol

from ruleengine.expressions.expr.access import BACK, call, cut, fetch
from ruleengine.expressions.expr.nodes import Call, Constant, Member, Name, Node, Path, Slice, Step
from ruleengine.expressions.expr.running import Compiled, Run, Scope, located
from ruleengine.expressions.expr.values import Problem
from ruleengine.expressions.language import DEEPEST_NESTING

Walk = Callable[[Run, Any], Any]


class Compiler(Protocol):
    """What compiling a path takes from the compiler."""

    scope: Scope

    def compile(self, node: Node) -> Compiled:
        """Return the function of a node."""


def compile_path(compiler: Compiler, node: Path, text: str) -> Compiled:
    """Return the function of a path, and note which fields of the environment it names."""
    names = _leading_names(node.steps)
    if isinstance(node.base, Name) and compiler.scope.is_variable(node.base.name):
        base = compiler.compile(node.base)
        _note(compiler.scope, node.base.name, [name for name, _ in names])
        if len(names) == len(node.steps):
            return _plain(node.base.name, names, text)
    else:
        base = compiler.compile(node.base)
        if isinstance(node.base, Name) and names:
            compiler.scope.ask(node.base.name, *names[0])
    steps = [
        (_step(compiler, one), isinstance(one, Member) and one.optional, one.offset)
        for one in node.steps
    ]

    def evaluate(run: Run) -> Any:
        value = base(run)
        for walk, optional, offset in steps:
            if optional and value is None:
                return None
            try:
                value = walk(run, value)
            except Problem as problem:
                raise located(problem, offset, text) from None
        return value

    return evaluate


def _plain(root: str, names: list[tuple[str, int]], text: str) -> Compiled:
    """Return the function of a path of nothing but names, the commonest of all."""

    def evaluate(run: Run) -> Any:
        value = run.env.get(root)
        for name, offset in names:
            if type(value) is dict:
                value = value.get(name)
                continue
            try:
                value = fetch(value, name)
            except Problem as problem:
                raise located(problem, offset, text) from None
        return value

    return evaluate


def _leading_names(steps: list[Step]) -> list[tuple[str, int]]:
    """Return the fields that a path begins with, up to the first step that is none."""
    names: list[tuple[str, int]] = []
    for one in steps:
        if not isinstance(one, Member) or one.optional or not isinstance(one.key, Constant):
            break
        if not isinstance(one.key.value, str):
            break
        names.append((one.key.value, one.offset))
    return names


def _note(scope: Scope, root: str, names: list[str]) -> None:
    """Note the paths that lead along some fields, of those that go on for ever the first."""
    path = root
    for name in names[:DEEPEST_NESTING]:
        path = f"{path}.{name}"
        scope.paths.setdefault(path)


def _step(compiler: Compiler, step: Step) -> Walk:
    if isinstance(step, Call):
        arguments = [compiler.compile(one) for one in step.arguments]
        return lambda run, value: call(value, [one(run) for one in arguments], run.meter)
    if isinstance(step, Slice):
        start = compiler.compile(step.start) if step.start else None
        end = compiler.compile(step.end) if step.end else None
        return lambda run, value: cut(value, start(run) if start else 0, end(run) if end else BACK)
    key = compiler.compile(step.key)
    return lambda run, value: fetch(value, key(run))
