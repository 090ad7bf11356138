"""Evaluates JSONPath templates of Kubernetes over plain values, and prints what they find."""

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ruleengine.expressions.jsonpath.nodes import (
    Action,
    Field,
    Filter,
    Literal,
    Node,
    Part,
    Range,
    Recursive,
    Slice,
    Text,
    Union,
    Wildcard,
    Word,
)
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.formats import go_json
from ruleengine.formats.go_printing import sprint

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Evaluation:
    """Evaluates one template, and counts what it takes."""

    def __init__(self, text: str, meter: Meter, *, allow_missing_keys: bool) -> None:
        self._text = text
        self._meter = meter
        self._allow_missing_keys = allow_missing_keys

    def results(self, parts: tuple[Part, ...], data: Any) -> Iterator[list[Any]]:
        """Yield what each part finds, those inside of a range once for each of its values."""
        for part in parts:
            if isinstance(part, Text):
                yield [part.text]
            elif isinstance(part, Range):
                self._meter.enter()
                for value in self._action(part.over, [data]):
                    yield from self.results(part.body, value)
                self._meter.leave()
            else:
                yield self._action(part, [data])

    def printed(self, results: Sequence[Any]) -> str:
        """Return results as text, a space between two."""
        return " ".join(self._print(value) for value in results)

    def _print(self, value: Any) -> str:
        if value is None:
            return "null"
        if isinstance(value, str):
            return value
        try:
            text = go_json.marshal(value) if isinstance(value, (dict, list)) else sprint(value)
        except ValueError as error:
            raise ExpressionError(f"this value cannot be printed: {error}") from None
        self._meter.size(len(text))
        return text

    def _fail(self, message: str, at: int, hint: str = "") -> ExpressionError:
        return ExpressionError(message, offset=at, text=self._text, hint=hint)

    def _action(self, action: Action, values: list[Any]) -> list[Any]:
        for node in action:
            values = self._node(node, values)
            self._meter.step(1 + len(values))
            self._meter.size(len(values))
        return values

    def _node(self, node: Node, values: list[Any]) -> list[Any]:
        found: list[Any]
        match node:
            case Text():
                found = [node.text]
            case Literal():
                found = [node.value for _ in values]
            case Field():
                found = self._field(node, values)
            case Wildcard():
                found = [one for value in values for one in _inside(value)]
            case Recursive():
                found = self._everything(values)
            case Slice():
                found = [one for value in values for one in self._slice(node, value)]
            case Filter():
                found = [one for value in values for one in self._filtered(node, value)]
            case Union():
                found = [one for part in node.parts for one in self._action(part, values)]
            case Word():
                found = values
        return found

    def _field(self, node: Field, values: list[Any]) -> list[Any]:
        found = [
            value[node.name] for value in values if isinstance(value, dict) and node.name in value
        ]
        if values and not found and not self._allow_missing_keys:
            raise self._fail(f"{node.name} is not found", node.at)
        return found

    def _everything(self, values: list[Any]) -> list[Any]:
        """Return the values that hold something, each before what is inside of it."""
        found: list[Any] = []
        waiting = list(reversed(values))
        while waiting:
            value = waiting.pop()
            self._meter.step()
            if inside := _inside(value):
                found.append(value)
                waiting += reversed(inside)
        return found

    def _slice(self, node: Slice, value: Any) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._fail("this is no list", node.at, "an index or range needs one")
        start, stop, length = node.start or 0, node.stop, len(value)
        if node.single and node.start is not None:
            stop = start + 1
        elif node.single:
            stop = 1
        start = start + length if start < 0 else start
        if stop is None:
            stop = length
        elif stop < 0 or (stop == 0 and node.single):
            stop += length
        if start == stop:
            return []
        if not 0 <= start < length or not 0 <= stop <= length or start > stop:
            raise self._fail(f"the list has {length} elements, not these", node.at)
        if node.step is not None and node.step <= 0:
            raise self._fail("the step must be more than 0", node.at)
        return value[start : stop : node.step]

    def _filtered(self, node: Filter, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self._fail("this is no list and cannot be filtered", node.at)
        return [one for one in value if self._passes(node, one)]

    def _passes(self, node: Filter, value: Any) -> bool:
        if not node.operator:
            try:
                return bool(self._action(node.left, [value]))
            except ExpressionError:
                self._meter.step()
                return False
        left, right = self._action(node.left, [value]), self._action(node.right, [value])
        if not left or not right:
            return False
        if len(left) > 1 or len(right) > 1:
            raise self._fail("only one value can be compared at a time", node.at)
        if _kind(left[0]) != _kind(right[0]) or _kind(left[0]) is None:
            raise self._fail("values of different or uncomparable types are compared", node.at)
        if isinstance(left[0], bool) and node.operator not in ("==", "!="):
            raise self._fail("true and false have no order", node.at)
        return _COMPARISONS[node.operator](left[0], right[0])


def _inside(value: Any) -> list[Any]:
    """Return the values that a value holds: by key, by index, or the bytes of a text."""
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    if isinstance(value, str):
        return list(value.encode("utf-8", "replace"))
    return value if isinstance(value, list) else []


def _kind(value: Any) -> type | None:
    return type(value) if isinstance(value, (bool, int, float, str)) else None
