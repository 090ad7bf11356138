"""The filter by data: values that stand at paths of gjson in an event's data.

The values of one entry are alternatives; entries are joined by ``and`` or ``or`` (reference,
Events 8). The messages are Argo's own.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from ruleengine.expressions import regular
from ruleengine.expressions.gjson import Document, Kind, Result
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_json import marshal
from ruleengine.formats.go_numbers import parse_float
from ruleengine.model.events import CloudEvent
from ruleengine.model.values import Object
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.sections import AND, FilterError, join, not_json, read_operator
from ruleengine.triggers.templates import NoTextError, check, render
from ruleengine.triggers.values import maps, text, texts
from ruleengine.triggers.verdicts import Verdict

BOOL, NUMBER, STRING = "bool", "number", "string"
_TYPES: Final = (BOOL, NUMBER, STRING)
_COMPARATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_TRUTHS: Final = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataEntry:
    """One entry: the type in which what stands at ``path`` is compared with each of ``values``."""

    path: str
    type: str
    values: tuple[str, ...]
    comparator: str = ""
    template: str = ""

    @classmethod
    def read(cls, value: Object, where: str) -> Self:
        """Read an entry. Raises ``WrongError``."""
        found = cls(
            path=text(value, "path", where),
            type=text(value, "type", where),
            values=tuple(texts(value, "value", where)),
            comparator=text(value, "comparator", where),
            template=text(value, "template", where),
        )
        if not (found.path and found.type and found.values and all(found.values)):
            raise WrongError(
                f"{where}: one of data filters is not valid "
                "(type, path and value must be not empty)"
            )
        if found.comparator not in _COMPARATORS:
            raise WrongError(f"{where}: comparator {found.comparator} not supported")
        if found.type not in _TYPES:
            raise WrongError(f"{where}.type must be one of {', '.join(_TYPES)}")
        problem = found.template and check(found.template)
        if problem:
            raise WrongError(f"{where}.template: {problem}")
        found.check_values(where)
        return found

    def check_values(self, where: str) -> None:
        """Raise ``WrongError`` for values that no event could ever be compared with."""
        for one in self.values:
            try:
                self._matches(Result(Kind.NULL, "null"), one)
            except FilterError as error:
                raise WrongError(f"{where}.value: {error}") from error

    def judge(self, document: Document, event: CloudEvent, alternatives: str) -> bool:
        """Tell whether an event passes. Raises ``FilterError``.

        ``alternatives`` is the operator of the section, on which the wording depends.
        """
        result = document.get(self.path)
        if not result.exists:
            raise FilterError(f"path '{self.path}' does not exist")
        if not self.values:
            raise FilterError("no values specified")
        if self.template:
            result = self._rendered(result, event, alternatives)
        return any(self._matches(result, one) for one in self.values)

    def _rendered(self, result: Result, event: CloudEvent, alternatives: str) -> Result:
        try:
            return Result(Kind.STRING, marshal(render(self.template, result.text, event)))
        except NoTextError as error:
            empty = "evaluated to empty string or no value"
            silent = (
                f"template '{self.template}' {empty}"
                if alternatives == AND
                else f"template {empty}: '{self.template}'"
            )
            raise FilterError(str(error) or silent) from error

    def _matches(self, result: Result, value: str) -> bool:
        match self.type:
            case "bool":
                if value not in _TRUTHS:
                    raise FilterError(f"{value!r} is no truth value")
                return result.truth is _TRUTHS[value]
            case "number":
                return _COMPARATORS[self.comparator](result.number, _number(value))
            case "string":
                return self._matches_pattern(result.text, value)
        raise FilterError(f"unsupported JSON type '{self.type}'")

    def _matches_pattern(self, found: str, pattern: str) -> bool:
        try:
            matches = regular.compile(pattern).matches(found)
        except ExpressionError as error:
            raise FilterError(str(error)) from error
        if self.comparator == "!=":
            return not matches
        return matches and self.comparator in ("", "=")


@dataclass(frozen=True, slots=True)
class DataFilter:
    """The entries of ``filters.data``."""

    entries: tuple[DataEntry, ...]
    operator: str = AND

    @classmethod
    def read(cls, filters: Object, where: str) -> Self:
        """Read ``filters.data`` and its operator. Raises ``WrongError``."""
        found = maps(filters, "data", where)
        return cls(
            tuple(DataEntry.read(one, f"{where}.data[{at}]") for at, one in enumerate(found)),
            read_operator(filters, "dataLogicalOperator", where),
        )

    def judge(self, event: CloudEvent) -> Verdict:
        """Tell whether an event passes."""
        try:
            document = Document(event.data)
        except ExpressionError:
            return not_json("data")
        asked = (partial(one.judge, document, event, self.operator) for one in self.entries)
        return join("data", self.operator, asked)


def _number(value: str) -> float:
    try:
        return parse_float(value)
    except ValueError as error:
        raise FilterError(f"{value!r} is no number") from error
