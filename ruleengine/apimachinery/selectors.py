"""Label and field selectors, as the query parameters and the objects spell them.

The syntax and the meaning follow the reference, Kubernetes API section 4: commas mean
"and"; ``!=`` and ``notin`` also match where the label is absent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ruleengine.apimachinery.naming import check_label_value, check_qualified_name
from ruleengine.model.values import Object


class SelectorError(ValueError):
    """A selector that cannot be understood; the text says what is wrong where."""


class Operator(StrEnum):
    """How a requirement compares a label."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    DOES_NOT_EXIST = "!"
    GREATER = ">"
    LESS = "<"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label. ``values`` is empty for the two that ask for presence."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether ``labels`` meet the condition."""
        present = self.key in labels
        match self.operator:
            case Operator.IN:
                return present and labels[self.key] in self.values
            case Operator.NOT_IN:
                return not present or labels[self.key] not in self.values
            case Operator.EXISTS:
                return present
            case Operator.DOES_NOT_EXIST:
                return not present
            case Operator.GREATER | Operator.LESS:
                return present and self._compares(labels[self.key])

    def _compares(self, text: str) -> bool:
        try:
            value, bound = int(text), int(self.values[0])
        except ValueError:
            return False
        return value > bound if self.operator is Operator.GREATER else value < bound

    def __str__(self) -> str:
        match self.operator:
            case Operator.IN | Operator.NOT_IN if len(self.values) == 1:
                sign = "=" if self.operator is Operator.IN else "!="
                return f"{self.key}{sign}{self.values[0]}"
            case Operator.IN | Operator.NOT_IN:
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
            case Operator.EXISTS:
                return self.key
            case Operator.DOES_NOT_EXIST:
                return f"!{self.key}"
            case _:
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


_TOKEN: Final = re.compile(r"\s*(==|!=|[=,!()<>]|[^\s=,!()<>]+)")


def parse_label_selector(text: str) -> LabelSelector:
    """Parse ``a=b,c in (d,e),!f``. Raises ``SelectorError`` for anything else."""
    tokens = _TOKEN.findall(text)
    if not tokens:
        return LabelSelector()
    reader = _Reader(tokens, text)
    requirements = [reader.requirement()]
    while reader.more():
        reader.expect(",")
        requirements.append(reader.requirement())
    return LabelSelector(tuple(requirements))


class _Reader:
    """Takes a label selector apart, token by token."""

    _SIGNS = ("=", "==", "!=", ",", "!", "(", ")", "<", ">")

    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def more(self) -> bool:
        return self._at < len(self._tokens)

    def expect(self, sign: str) -> None:
        found = self._next()
        if found != sign:
            raise self._error(f"found {found or 'the end'!r}, expected {sign!r}")

    def requirement(self) -> Requirement:
        if self._peek() == "!":
            self._next()
            return Requirement(self._key(), Operator.DOES_NOT_EXIST)
        key = self._key()
        if self._peek() in ("", ","):
            return Requirement(key, Operator.EXISTS)
        operator = self._next()
        match operator:
            case "=" | "==":
                return Requirement(key, Operator.IN, (self._value(key),))
            case "!=":
                return Requirement(key, Operator.NOT_IN, (self._value(key),))
            case "in" | "notin":
                return Requirement(key, Operator(operator), self._values(key))
            case "<" | ">":
                return Requirement(key, Operator(operator), (self._bound(),))
        raise self._error(f"found {operator!r}, expected an operator after {key!r}")

    def _key(self) -> str:
        key = self._next()
        if not key or key in self._SIGNS:
            raise self._error(f"found {key or 'the end'!r}, expected a label key")
        problem = check_qualified_name(key)
        if problem:
            raise self._error(f"label key {key!r}: {problem}")
        return key

    def _value(self, key: str) -> str:
        value = "" if self._peek() in ("", ",", ")") else self._next()
        if value in self._SIGNS:
            raise self._error(f"found {value!r}, expected a value for {key!r}")
        problem = check_label_value(value)
        if problem:
            raise self._error(f"value of {key!r}: {problem}")
        return value

    def _values(self, key: str) -> tuple[str, ...]:
        self.expect("(")
        values = [self._value(key)]
        while self._peek() == ",":
            self._next()
            values.append(self._value(key))
        self.expect(")")
        return tuple(values)

    def _bound(self) -> str:
        bound = self._next()
        if not re.fullmatch(r"[-+]?[0-9]+", bound):
            raise self._error(f"found {bound or 'the end'!r}, expected an integer")
        return bound

    def _peek(self) -> str:
        return self._tokens[self._at] if self.more() else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _error(self, problem: str) -> SelectorError:
        return SelectorError(f"unable to parse label selector {self._text!r}: {problem}")


_OBJECT_OPERATORS: Final = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.DOES_NOT_EXIST,
    "Gt": Operator.GREATER,
    "Lt": Operator.LESS,
}


def label_selector_from_object(selector: Object | None) -> LabelSelector:
    """Return the selector that ``{matchLabels, matchExpressions}`` describes.

    An empty object matches everything. Raises ``SelectorError`` for an unknown operator or
    for values that do not fit it.
    """
    selector = selector or {}
    requirements = [
        Requirement(key, Operator.IN, (value,))
        for key, value in sorted((selector.get("matchLabels") or {}).items())
    ]
    requirements.extend(
        _requirement_from_object(expression)
        for expression in selector.get("matchExpressions") or ()
    )
    return LabelSelector(tuple(requirements))


def _requirement_from_object(expression: Object) -> Requirement:
    name = expression.get("operator", "")
    operator = _OBJECT_OPERATORS.get(name)
    values = tuple(expression.get("values") or ())
    if operator is None:
        raise SelectorError(f"{name!r} is not a valid label selector operator")
    if operator in (Operator.IN, Operator.NOT_IN) and not values:
        raise SelectorError(f"the operator {name} needs values")
    if operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST) and values:
        raise SelectorError(f"the operator {name} takes no values")
    if operator in (Operator.GREATER, Operator.LESS) and len(values) != 1:
        raise SelectorError(f"the operator {name} takes exactly one value")
    return Requirement(str(expression.get("key", "")), operator, values)


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One condition on one field: ``operator`` is ``=`` or ``!=``."""

    path: str
    operator: str
    value: str

    def matches(self, found: str) -> bool:
        """Tell whether the text of the field (empty where absent) meets the condition."""
        return (found == self.value) is (self.operator == "=")


_FIELD_TERM: Final = re.compile(r"(?:[^\\,]|\\.)+")
_FIELD_PARTS: Final = re.compile(r"\s*([^=!\s]+)\s*(==|!=|=)\s*((?:[^\\=]|\\.)*?)\s*", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([\\,=])")


def parse_field_selector(text: str) -> tuple[FieldRequirement, ...]:
    r"""Parse ``metadata.name=web,status.phase!=Running``; ``\,`` and ``\=`` are literal.

    Which paths a kind supports is the server's to say. Raises ``SelectorError``.
    """
    requirements = []
    for term in _FIELD_TERM.findall(text):
        parts = _FIELD_PARTS.fullmatch(term)
        if parts is None:
            raise SelectorError(f"invalid field selector {text!r}: can't understand {term!r}")
        path, operator, value = parts.groups()
        literal = _ESCAPED.sub(r"\1", value)
        requirements.append(FieldRequirement(path, "!=" if operator == "!=" else "=", literal))
    return tuple(requirements)
