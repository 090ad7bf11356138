"""The filter by expressions of govaluate, over values that stand in an event's data.

Each entry names the paths whose values its expression uses (reference, Events 8). An
expression that comes to anything but true or false does not hold; it is no error.
"""

from dataclasses import dataclass
from functools import partial
from typing import Self

from ruleengine.expressions import when
from ruleengine.expressions.gjson import Document, Kind, Result
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_json import unmarshal
from ruleengine.model.events import CloudEvent
from ruleengine.model.values import Object, Value
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.sections import AND, FilterError, join, not_json, read_operator
from ruleengine.triggers.values import maps, text
from ruleengine.triggers.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class ExpressionEntry:
    """One entry: an expression, and the names in it with the paths that they stand for."""

    expression: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, value: Object, where: str) -> Self:
        """Read an entry. Raises ``WrongError``."""
        expression = text(value, "expr", where)
        fields = maps(value, "fields", where)
        if not expression or not fields:
            raise WrongError(
                f"{where}: one of expr filters is not valid (expr and fields must be not empty)"
            )
        pairs = tuple((text(one, "name", where), text(one, "path", where)) for one in fields)
        if not all(name and path for name, path in pairs):
            raise WrongError(
                f"{where}: one of expr filters is not valid "
                "(path and name in a field must be not empty)"
            )
        try:
            when.compile(expression, bare_words=False)
        except ExpressionError as error:
            raise WrongError(f"{where}.expr: {error}") from error
        return cls(expression, pairs)

    def judge(self, document: Document) -> bool | None:
        """Tell whether it holds; nothing where it has no fields. Raises ``FilterError``."""
        if not self.fields:
            return None
        values = {}
        for name, path in self.fields:
            result = document.get(path)
            if not result.exists:
                raise FilterError(f"path '{path}' does not exist")
            values[name] = _value(result)
        try:
            return when.compile(self.expression, bare_words=False).eval(values) is True
        except ExpressionError as error:
            raise FilterError(str(error)) from error


@dataclass(frozen=True, slots=True)
class ExpressionFilter:
    """The entries of ``filters.exprs``."""

    entries: tuple[ExpressionEntry, ...]
    operator: str = AND

    @classmethod
    def read(cls, filters: Object, where: str) -> Self:
        """Read ``filters.exprs`` and its operator. Raises ``WrongError``."""
        found = maps(filters, "exprs", where)
        return cls(
            tuple(
                ExpressionEntry.read(one, f"{where}.exprs[{at}]") for at, one in enumerate(found)
            ),
            read_operator(filters, "exprLogicalOperator", where),
        )

    def judge(self, event: CloudEvent) -> Verdict:
        """Tell whether an event passes."""
        try:
            document = Document(event.data)
        except ExpressionError:
            return not_json("expr")
        asked = (partial(one.judge, document) for one in self.entries)
        return join("expr", self.operator, asked)


def _value(result: Result) -> Value:
    return result.text if result.kind is Kind.STRING else unmarshal(result.raw)
