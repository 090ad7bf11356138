"""A plan for people: every action, and field by field what it would change.

A line of a difference starts with ``-`` for what is there and ``+`` for what would be.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ruleengine.model.actions import ABSENT, Change, Difference, Plan, PlannedAction, Target
from ruleengine.model.documents import Origin
from ruleengine.model.names import DOMAIN
from ruleengine.model.values import Path, Value, format_path
from ruleengine.reporting.counts import count, listed
from ruleengine.reporting.masking import shown_differences
from ruleengine.reporting.style import PLAIN, Style, printable
from ruleengine.reporting.tree import PACKAGE

_SIGNS = {
    Change.CREATE: "+",
    Change.UPDATE: "~",
    Change.DELETE: "-",
    Change.UNCHANGED: "=",
    Change.REFUSED: "!",
    Change.WAITING: "?",
}
_WIDTH = 160
_MOST_LINES = 30
_COMES = "that comes with ruleengine"
_COME = "that come with ruleengine"
_SAID = (("metadata", "name"), ("metadata", "namespace"))


def plan_text(plan: Plan, style: Style = PLAIN, *, unchanged: bool = False) -> str:
    """Return the actions of a plan in order, what follows them, and a summary.

    Objects that stay as they are appear only as a number unless ``unchanged`` is true.
    """
    shown = [one for one in plan.actions if unchanged or one.change is not Change.UNCHANGED]
    blocks = [planned_text(one, style) for one in shown if not _is_of_package(one)]
    blocks += _package_lines([one for one in shown if _is_of_package(one)], style)
    blocks += [f"then: {printable(line)}\n" for line in plan.then]
    if plan.recorded:
        blocks.append(recorded_line(plan.recorded))
    blocks.append(plan_summary(plan, style))
    return "".join(blocks)


def recorded_line(recorded: Iterable[Target]) -> str:
    """Return one line about documents that are stored and that nobody of ours acts on."""
    numbers = sorted(Counter(one.kind for one in recorded).items())
    kinds = listed(count(number, kind) for kind, number in numbers)
    return f"recorded, no reconciler of ruleengine acts on them yet: {kinds}\n"


def planned_text(planned: PlannedAction, style: Style = PLAIN) -> str:
    """Return one planned action with its origin, its reason and its field differences."""
    action = planned.action
    sign = style.change(planned.change, f"{_SIGNS[planned.change]} {planned.change.value}")
    cluster = f" on {action.target.cluster}" if action.target.cluster else ""
    verb = "" if action.verb == planned.change.value else f" ({action.verb.value})"
    line = f"{sign} {style.paint(str(action.target), 'bold')}{cluster}{verb}"
    origin = origin_text(action.origin) or (f"by {planned.area}" if planned.area else "")
    lines = [f"{line}  {style.paint(origin, 'faint')}".rstrip()]
    message = planned.message or action.refusal
    if message:
        lines.append(f"    {printable(message)}")
    if planned.change is not Change.DELETE:
        differences = shown_differences(action.target, planned.differences)
        if planned.change is Change.CREATE:
            differences = _fields(differences)
        lines += [f"    {one}" for one in difference_lines(differences[:_MOST_LINES], style)]
        if len(differences) > _MOST_LINES:
            left = len(differences) - _MOST_LINES
            lines.append(f"    … {count(left, 'field')} more: -o yaml shows them all")
    return "\n".join(lines) + "\n"


def difference_lines(differences: Iterable[Difference], style: Style = PLAIN) -> Sequence[str]:
    """Return ``- field: old`` and ``+ field: new`` for every field that differs."""
    lines = []
    for one in differences:
        name = printable(format_path(one.path)) or "(the whole object)"
        if one.old is not ABSENT:
            lines.append(style.paint(f"- {name}: {_value_text(one.old)}", "red"))
        if one.new is not ABSENT:
            lines.append(style.paint(f"+ {name}: {_value_text(one.new)}", "green"))
    return lines


def origin_text(origin: Origin | None) -> str:
    """Return ``path:line`` and the rule that made the object; empty without an origin."""
    if origin is None:
        return ""
    place = f"{origin.path}:{origin.line}" if origin.line else origin.path
    return printable(f"{place} ({origin.rule})" if origin.rule else place)


def plan_summary(plan: Plan, style: Style = PLAIN) -> str:
    """Return one line that says how much would change, plainly so where nothing would."""
    totals = dict.fromkeys(Change, 0)
    for one in plan.actions:
        totals[one.change] += 1
    parts = [
        style.change(change, f"{totals[change]:,} {words}")
        for change, words in (
            (Change.CREATE, "to create"),
            (Change.UPDATE, "to update"),
            (Change.DELETE, "to delete"),
            (Change.REFUSED, "refused"),
            (Change.WAITING, "waiting"),
        )
        if totals[change]
    ]
    same = f"{count(totals[Change.UNCHANGED], 'object')} unchanged"
    if not plan.actions:
        return "no change: nothing is declared and nothing is there\n"
    if not parts:
        return f"no change: {same}\n"
    return f"{listed(parts)}; {same}\n"


def _is_of_package(planned: PlannedAction) -> bool:
    """Tell whether an object comes with ruleengine itself, as the kinds of Argo do."""
    origin = planned.action.origin
    return origin is not None and origin.path.startswith(PACKAGE)


def _package_lines(planned: Sequence[PlannedAction], style: Style) -> Sequence[str]:
    numbers = Counter((one.change, one.action.target.kind) for one in planned)
    return [
        f"{style.change(change, f'{_SIGNS[change]} {change.value}')} {count(number, kind)} "
        f"{style.paint(_COMES if number == 1 else _COME, 'faint')}\n"
        for (change, kind), number in numbers.items()
    ]


def _fields(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return the single fields of an object to be created, without what its line says."""
    return tuple(
        leaf
        for one in differences
        for leaf in _leaves(one.path, one.new)
        if leaf.path not in _SAID and not any(str(step).startswith(DOMAIN) for step in leaf.path)
    )


def _leaves(path: Path, value: Value) -> Iterator[Difference]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, inner in enumerate(value):
            yield from _leaves((*path, index), inner)
    else:
        yield Difference(path, ABSENT, value)


def _value_text(value: Value) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = printable(text)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
