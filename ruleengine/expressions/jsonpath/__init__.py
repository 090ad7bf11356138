r"""Kubernetes' JSONPath templates, as ``kubectl -o jsonpath`` and outputs of workflows have them.

``{.items[*].metadata.name}``, ``{range .items[*]}{.metadata.name}{"\n"}{end}``, filters
``[?(@.type=="Ready")]``, slices, unions and recursive descent. Results are printed with spaces
between them, objects and lists as JSON. Goessner's JSONPath is another language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ruleengine.expressions.jsonpath.evaluation import Evaluation
from ruleengine.expressions.jsonpath.nodes import Part
from ruleengine.expressions.jsonpath.parser import parse
from ruleengine.expressions.language import (
    DEFAULT_LIMITS,
    INPUT,
    LONGEST_TEXT,
    ExpressionError,
    Limits,
    Meter,
)


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template."""

    text: str
    _parts: tuple[Part, ...] = field(repr=False)
    _allow_missing_keys: bool

    def eval(self, env: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS) -> str:
        """Return the text that the template makes of the value under ``input``.

        Raises ``ExpressionError``.
        """
        meter = Meter(limits)
        evaluation = self._evaluation(meter)
        pieces: list[str] = []
        size = 0
        try:
            for results in evaluation.results(self._parts, env.get(INPUT)):
                pieces.append(evaluation.printed(results))
                size += len(pieces[-1])
                meter.size(size)
        except RecursionError:
            raise ExpressionError("the value nests too deeply", text=self.text) from None
        return "".join(pieces)

    def find(self, value: Any, limits: Limits = DEFAULT_LIMITS) -> list[list[Any]]:
        """Return what each part of the template finds in a value. Raises ``ExpressionError``."""
        return list(self._evaluation(Meter(limits)).results(self._parts, value))

    def _evaluation(self, meter: Meter) -> Evaluation:
        return Evaluation(self.text, meter, allow_missing_keys=self._allow_missing_keys)


@lru_cache(maxsize=1024)
def compile(text: str, *, allow_missing_keys: bool = False) -> Template:  # noqa: A001 - as all
    """Return the template of a text. Raises ``ExpressionError``.

    With ``allow_missing_keys`` a key that is not there finds nothing, as for ``kubectl``;
    otherwise it is an error when evaluated.
    """
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("the template is too long", text=text)
    return Template(text, parse(text), allow_missing_keys)
