"""What a step or task stands for: itself, one step an item, or nothing because ``when`` says so.

Shared by steps and DAGs (reference, Workflows 5 to 7 and 21).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, NamedTuple

from ruleengine.expressions.tags import Policy
from ruleengine.formats.json_text import dumps
from ruleengine.model.values import Object, Value
from ruleengine.pipelines import naming
from ruleengine.pipelines.arguments import with_artifacts
from ruleengine.pipelines.conditions import holds
from ruleengine.pipelines.loops import is_loop, item_variables, items_of
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.substituting import OF_OTHERS, substitute, tags_of
from ruleengine.pipelines.variables import Variables

_OWN_TIME: Final = ("hooks", "onExit", "when", "withItems", "withParam", "withSequence")
"""Fields of a step whose tags are replaced in a time of their own."""

_PURE: Final = re.compile(r"\{\{\s*([^{}=\s][^{}]*?)\s*\}\}")
EMPTY: Final = "Skipped, empty params"


class Planned(NamedTuple):
    """One node that a step or task stands for; ``skipped`` says why it does not run."""

    name: str
    step: Object
    source: Object
    skipped: str = ""


def expand(step: Object, name: str, variables: Variables) -> list[Planned]:
    """Return the nodes that a step stands for, the tags of the step replaced.

    Raises ``NodeError`` for conditions and loops that are none, and for tags of other steps
    that have no value.
    """
    condition = str(step.get("when") or "")
    by_item = is_loop(step) and "item" in {_first(one) for one in tags_of(condition)}
    if condition and not by_item:
        skipped = _skipped(condition, variables)
        if skipped:
            return _all_skipped(step, name, skipped)
    body = resolve({key: step[key] for key in step if key not in _OWN_TIME}, variables)
    if not is_loop(step):
        return [Planned(name=name, step=body, source=step)]
    loop = resolve({key: step[key] for key in _OWN_TIME[3:] if key in step}, variables)
    items = items_of(loop)
    if not items:
        return [Planned(name=name, step=step, source=step, skipped=EMPTY)]
    known = variables if "{{=" in dumps(body) else {}
    looped = _Loop(step, body, name, condition if by_item else "", known)
    return [_item(looped, index, item, variables) for index, item in enumerate(items)]


def _all_skipped(step: Object, name: str, why: str) -> list[Planned]:
    """Return the nodes of a step that does not run: one an item, as of any other loop.

    What other steps have made is not looked at any more: a loop over that has no items.
    """
    if not is_loop(step):
        return [Planned(name=name, step=step, source=step, skipped=why)]
    try:
        items = items_of(step)
    except NodeError:
        items = []
    found = [
        Planned(name=naming.item_name(name, index, item), step=step, source=step, skipped=why)
        for index, item in enumerate(items)
    ]
    return found or [Planned(name=name, step=step, source=step, skipped=EMPTY)]


@dataclass(frozen=True, slots=True)
class _Loop:
    """A looped step: as it is stated, without its loop, its full name, and its ``when``.

    ``known`` is what its expressions see besides the item: those wait for that with all they name.
    """

    step: Object
    body: Object
    name: str
    condition: str
    known: Variables


def _item(loop: _Loop, index: int, item: Value, variables: Variables) -> Planned:
    own = item_variables(item)
    name = naming.item_name(loop.name, index, item)
    skipped = _skipped(loop.condition, {**variables, **own}) if loop.condition else ""
    if skipped:
        return Planned(name=name, step=loop.step, source=loop.step, skipped=skipped)
    filled = substitute(loop.body, {**loop.known, **own})
    left = _left(filled)
    if left:
        raise NodeError(f"failed to resolve {{{{{left}}}}}: nothing has such a value")
    return Planned(name=name, step=filled, source=loop.step)


def _left(step: Object) -> str:
    """Return a tag that nothing replaces any more; empty where there is none.

    A template in place has inputs of its own, which are bound later: there it is one of the items.
    """
    own = {name: value for name, value in step.items() if name != "inline"}
    inner = (one for one in tags_of(step.get("inline")) if _first(one) == "item")
    return next(iter(tags_of(own)), "") or next(inner, "")


def _skipped(condition: str, variables: Variables) -> str:
    """Return why a condition skips its step; empty where it holds."""
    text = str(resolve(condition, variables))
    return "" if holds(text) else f"when '{text}' evaluated false"


def resolve(value: Value, variables: Variables, policy: Policy = OF_OTHERS) -> Value:
    """Return a value with its tags replaced; arguments that no step ever made are left out.

    Raises ``NodeError`` for a tag that the policy demands: of another step or task.
    """
    if isinstance(value, dict) and value.get("arguments"):
        value = _without_absent(with_artifacts(value, variables), variables)
    return substitute(value, variables, policy)


def _without_absent(value: Object, variables: Variables) -> Object:
    """Return a step without the arguments that are nothing but an absent value."""
    arguments = value["arguments"]
    absent = {name for name, known in variables.items() if known is None}
    if not absent or not isinstance(arguments, dict):
        return value
    kept = {
        kind: [one for one in listed if not _is_absent(one, absent)]
        for kind, listed in arguments.items()
        if isinstance(listed, list)
    }
    return {**value, "arguments": {**arguments, **kept}}


def _is_absent(argument: Object, absent: set[str]) -> bool:
    text = argument.get("value")
    match = _PURE.fullmatch(text) if isinstance(text, str) else None
    return match is not None and match[1] in absent


def _first(tag: str) -> str:
    return tag.partition(".")[0].partition("[")[0]


_RESULT: Final = re.compile(
    r"(?:steps|tasks)(?:\.([\w-]+)|\[\\?['\"]([\w-]+)\\?['\"]\])\.outputs\.result"
)


def captured(template: Object) -> set[str]:
    """Return the steps or tasks whose standard output a template refers to."""
    return {one or other for one, other in _RESULT.findall(dumps(template))}


def mentioned(value: Value, word: str, known: Collection[str]) -> set[str]:
    """Return which of the ``known`` steps or tasks a value's tags may refer to."""
    text = dumps(value)
    if word not in text:
        return set()
    named = set(re.findall(rf"\b{word}(?:\.|\[\s*\\?['\"])([\w-]+)", text))
    if re.search(rf"\b{word}\b(?!\.|\[\s*\\?['\"])", text) and "{{=" in text:
        return set(known)
    return {one for one in named if one in known}
