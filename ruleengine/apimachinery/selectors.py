"""Label selectors, as the query parameters and the objects spell them.

The syntax, the meaning and the words of errors are those of the API (reference, Kubernetes
API section 4): commas mean "and"; ``!=`` and ``notin`` also match where the label is absent.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ruleengine.apimachinery.naming import check_label_value, check_qualified_name
from ruleengine.model.values import Object, Value


class SelectorError(ValueError):
    """A selector that cannot be understood; the text says what is wrong where."""


class Operator(StrEnum):
    """How a requirement compares a label."""

    IN = "in"
    NOT_IN = "notin"
    EQUALS = "="
    DOUBLE_EQUALS = "=="
    NOT_EQUALS = "!="
    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    GREATER = ">"
    LESS = "<"


_AMONG: Final = (Operator.IN, Operator.EQUALS, Operator.DOUBLE_EQUALS)
_NOT_AMONG: Final = (Operator.NOT_IN, Operator.NOT_EQUALS)
_SETS: Final = (Operator.IN, Operator.NOT_IN)
_BOUNDS: Final = (Operator.GREATER, Operator.LESS)
_BINARY: Final = "in, notin, =, ==, !=, gt, lt"
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label. ``values`` is empty for the two that ask for presence."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether ``labels`` meet the condition."""
        present = self.key in labels
        if self.operator in _AMONG:
            return present and labels[self.key] in self.values
        if self.operator in _NOT_AMONG:
            return not present or labels[self.key] not in self.values
        if self.operator in _BOUNDS:
            return present and self._compares(labels[self.key])
        return present is (self.operator is Operator.EXISTS)

    def _compares(self, text: str) -> bool:
        if not _NUMBER.fullmatch(text):
            return False
        value, bound = int(text), int(self.values[0])
        return value > bound if self.operator is Operator.GREATER else value < bound

    def __str__(self) -> str:
        if self.operator in _SETS:
            return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
        if self.operator is Operator.EXISTS:
            return self.key
        if self.operator is Operator.DOES_NOT_EXIST:
            return f"!{self.key}"
        return f"{self.key}{self.operator}{self.values[0]}"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """Conditions that must all hold; without any it matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Tell whether ``labels`` (``None`` means none) meet every condition."""
        return all(one.matches(labels or {}) for one in self.requirements)

    def __str__(self) -> str:
        return ",".join(str(one) for one in self.requirements)


_TOKEN: Final = re.compile(r"[ \t\r\n]*(==|!=|[=,!()<>]|[^ \t\r\n=,!()<>]+)")
_SIGNS: Final = ("=", "==", "!=", ",", "!", "(", ")", "<", ">")


def parse_label_selector(text: str) -> LabelSelector:
    """Parse ``a=b,c in (d,e),!f``. Raises ``SelectorError`` for anything else."""
    reader = _Reader(_TOKEN.findall(text))
    requirements = []
    while reader.peek():
        if reader.peek() in _SIGNS and reader.peek() != "!":
            raise SelectorError(
                f"found '{reader.peek()}', expected: !, identifier, or 'end of string'"
            )
        try:
            requirements.append(reader.requirement())
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error}") from None
        reader.comma()
    return LabelSelector(tuple(sorted(requirements, key=lambda one: one.key)))


class _Reader:
    """Takes a label selector apart, token by token; the end is an empty token."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self.peek()
        self._at += 1
        return token

    def comma(self) -> None:
        """Take what separates two requirements."""
        found = self._next()
        if found not in ("", ","):
            raise SelectorError(f"found '{found}', expected: ',' or 'end of string'")
        if found and (not self.peek() or (self.peek() in _SIGNS and self.peek() != "!")):
            raise SelectorError(f"found '{self.peek()}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        """Take one requirement."""
        absent = self.peek() == "!"
        if absent:
            self._next()
        key = self._identifier()
        _check_key(key, "<nil>")
        if absent:
            return Requirement(key, Operator.DOES_NOT_EXIST)
        if self.peek() in ("", ","):
            return Requirement(key, Operator.EXISTS)
        found = self._next()
        if found not in ("in", "notin", "=", "==", "!=", "<", ">"):
            raise SelectorError(f"found '{found}', expected: {_BINARY}")
        operator = Operator(found)
        values = self._values() if operator in _SETS else (self._value(),)
        _check_values(key, operator, values)
        return Requirement(key, operator, values)

    def _identifier(self) -> str:
        found = self._next()
        if not found or found in _SIGNS:
            raise SelectorError(f"found '{found}', expected: identifier")
        return found

    def _value(self) -> str:
        return "" if self.peek() in ("", ",") else self._identifier()

    def _values(self) -> tuple[str, ...]:
        found = self._next()
        if found != "(":
            raise SelectorError(f"found '{found}' expected: '('")
        if not self.peek() or (self.peek() in _SIGNS and self.peek() not in (")", ",")):
            raise SelectorError(f"found '{self.peek()}', expected: ',', ')' or identifier")
        values = []
        while True:
            values.append("" if self.peek() in (")", ",") else self._identifier())
            found = self._next()
            if found == ")":
                return tuple(sorted(set(values)))
            if found != ",":
                raise SelectorError(f"found '{found}', expected: ',' or ')'")


def _quoted(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check_key(key: str, place: str) -> None:
    problem = check_qualified_name(key)
    if problem:
        raise SelectorError(f"{place}: Invalid value: {_quoted(key)}: {problem}")


def _check_values(key: str, operator: Operator, values: tuple[str, ...]) -> None:
    if operator in _BOUNDS and not _NUMBER.fullmatch(values[0]):
        wanted = "for 'Gt', 'Lt' operators, the value must be an integer"
        raise SelectorError(f"values[0]: Invalid value: {_quoted(values[0])}: {wanted}")
    for number, value in enumerate(values):
        problem = check_label_value(value)
        if problem:
            place = f"values[{number}][{key}]"
            raise SelectorError(f"{place}: Invalid value: {_quoted(value)}: {problem}")


OBJECT_OPERATORS: Final = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
}
"""The operators of ``matchExpressions``."""


def label_selector_from_object(selector: Object | None) -> LabelSelector:
    """Return the selector that ``{matchLabels, matchExpressions}`` describes.

    An empty object matches everything. Raises ``SelectorError`` for an unknown operator or
    for keys and values that do not fit it.
    """
    if not isinstance(selector, dict | None):
        raise SelectorError("a label selector is an object")
    selector = selector or {}
    labels = _of_type(selector, "matchLabels", dict)
    expressions = _of_type(selector, "matchExpressions", list)
    requirements = [
        _checked(key, Operator.EQUALS, (value,)) for key, value in sorted(labels.items())
    ]
    requirements += [_requirement_from_object(expression) for expression in expressions]
    return LabelSelector(tuple(sorted(requirements, key=lambda one: one.key)))


def _of_type(selector: Object, name: str, wanted: type) -> Value:
    found = selector.get(name)
    if found is None:
        return wanted()
    if not isinstance(found, wanted):
        raise SelectorError(f"{name}: {_quoted(found)} is no {wanted.__name__}")
    return found


def _checked(key: Value, operator: Operator, values: tuple[Value, ...]) -> Requirement:
    if not isinstance(key, str) or not all(isinstance(value, str) for value in values):
        raise SelectorError(f"key and values have to be texts: {_quoted([key, *values])}")
    _check_key(key, "key")
    _check_values(key, operator, values)
    return Requirement(key, operator, tuple(sorted(set(values))))


def _requirement_from_object(expression: Value) -> Requirement:
    if not isinstance(expression, dict):
        raise SelectorError(f"{_quoted(expression)} is no expression of a label selector")
    name = expression.get("operator", "")
    operator = OBJECT_OPERATORS.get(name) if isinstance(name, str) else None
    values = _of_type(expression, "values", list)
    if operator is None:
        raise SelectorError(f"{_quoted(name)} is not a valid label selector operator")
    if operator in _SETS and not values:
        wanted = "for 'in', 'notin' operators, values set can't be empty"
        raise SelectorError(f"values: Invalid value: null: {wanted}")
    if operator not in _SETS and values:
        wanted = "values set must be empty for exists and does not exist"
        raise SelectorError(f"values: Invalid value: {_quoted(values)}: {wanted}")
    return _checked(expression.get("key", ""), operator, tuple(values))
