"""Loops: the items of a step, the steps they stand for, and what these make together.

``withItems``, ``withParam`` and ``withSequence`` (reference, Workflows 7).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.sequences import MOST_ITEMS, numbers_of
from ruleengine.formats.go_printing import sprintf
from ruleengine.formats.json_text import dumps, loads
from ruleengine.model.values import Object, Value
from ruleengine.pipelines.phases import Phase
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.texts import as_text
from ruleengine.pipelines.tree import is_hook

LOOPS: Final = ("withItems", "withParam", "withSequence")
_LOOPS: Final = frozenset(LOOPS)


def is_loop(step: Object) -> bool:
    """Tell whether a step stands for one step an item."""
    return not _LOOPS.isdisjoint(step) and any(step.get(key) is not None for key in LOOPS)


def items_of(step: Object) -> list[Value]:
    """Return the items of a step whose tags are replaced. Raises ``NodeError``."""
    if step.get("withItems") is not None:
        return list(step["withItems"])
    if step.get("withParam") is None:
        return _sequence(step["withSequence"])
    items = _listed(str(step["withParam"]))
    if len(items) > MOST_ITEMS:
        raise NodeError(f"withParam has {len(items)} items, more than {MOST_ITEMS}")
    return items


def _listed(text: str) -> list[Value]:
    try:
        items = loads(text)
    except ValueError as error:
        raise NodeError(
            f"withParam value could not be parsed as a JSON list: {text[:200]}: {error}"
        ) from error
    if not isinstance(items, list):
        raise NodeError(f"withParam value could not be parsed as a JSON list: {text[:200]}")
    return items


def _sequence(sequence: Object) -> list[Value]:
    try:
        numbers = numbers_of(sequence)
    except ExpressionError as error:
        raise NodeError(error.message) from error
    form = str(sequence.get("format") or "%d")
    return [sprintf(form, number) for number in numbers]


def item_variables(item: Value) -> dict[str, str]:
    """Return the variables of one item: ``item``, and ``item.KEY`` for a map."""
    variables = {"item": as_text(item)}
    if isinstance(item, dict):
        variables |= {f"item.{key}": as_text(value) for key, value in item.items()}
    return variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """What the children of a loop make together, each as JSON text; ``None``: there is none."""

    result: str | None
    parameters: str
    by_name: dict[str, str]


def aggregate(children: Iterable[Object]) -> Aggregate:
    """Return the results and outputs of the children of a loop, in the order of their items.

    Only of children that succeeded. Raises ``NodeError`` where a result is no JSON.
    """
    items = sorted(
        (one for one in children if not is_hook(one)), key=lambda one: _index_of(one["name"])
    )
    outputs = [one.get("outputs") or {} for one in items if one["phase"] == Phase.SUCCEEDED]
    named = [made for one in outputs if (made := _named(one))]
    names = sorted({name for one in named for name in one})
    return Aggregate(
        result=_results([one.get("result") for one in outputs]) if items else None,
        parameters=dumps(named, ordered=True),
        by_name={name: _values([one[name] for one in named if name in one]) for name in names},
    )


def _named(outputs: Object) -> dict[str, str]:
    return {
        one["name"]: as_text(one["value"])
        for one in outputs.get("parameters") or ()
        if one.get("value") is not None
    }


def _index_of(name: str) -> int:
    return int(name.rpartition("(")[2].partition(":")[0])


def _results(results: Sequence[str | None]) -> str:
    parsed = []
    for text in results:
        if text is None:
            continue
        try:
            parsed.append(loads(text))
        except ValueError as error:
            raise NodeError(
                f"the results of a loop are put together as JSON, and {text[:100]!r} is none"
            ) from error
    return dumps(parsed, ordered=True)


def _values(values: Sequence[str]) -> str:
    parsed: list[Value] = []
    for text in values:
        try:
            one = loads(text)
        except ValueError:
            return dumps(list(values))
        if not isinstance(one, dict | list):
            return dumps(list(values))
        parsed.append(one)
    return dumps(parsed, ordered=True)
