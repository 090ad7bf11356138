"""A plan for people: every action, and field by field what it would change.

A line of a difference starts with ``-`` for what is there and ``+`` for what would be.
"""

import json
from collections.abc import Iterable, Sequence

from ruleengine.model.actions import ABSENT, Change, Difference, Plan, PlannedAction
from ruleengine.model.documents import Origin
from ruleengine.model.values import Value, format_path
from ruleengine.reporting.counts import count, listed
from ruleengine.reporting.masking import shown_differences
from ruleengine.reporting.style import PLAIN, Style, printable

_SIGNS = {
    Change.CREATE: "+",
    Change.UPDATE: "~",
    Change.DELETE: "-",
    Change.UNCHANGED: "=",
    Change.REFUSED: "!",
    Change.WAITING: "?",
}
_WIDTH = 160


def plan_text(plan: Plan, style: Style = PLAIN, *, unchanged: bool = False) -> str:
    """Return the actions of a plan in order, what follows them, and a summary.

    Objects that stay as they are appear only as a number unless ``unchanged`` is true.
    """
    blocks = [
        planned_text(one, style)
        for one in plan.actions
        if unchanged or one.change is not Change.UNCHANGED
    ]
    blocks += [f"then: {printable(line)}\n" for line in plan.then]
    if plan.recorded:
        names = listed(str(one) for one in plan.recorded)
        blocks.append(f"recorded, not yet acted on by a reconciler of ruleengine: {names}\n")
    blocks.append(plan_summary(plan, style))
    return "".join(blocks)


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
        lines += [f"    {one}" for one in difference_lines(differences, style)]
    return "\n".join(lines) + "\n"


def difference_lines(differences: Iterable[Difference], style: Style = PLAIN) -> Sequence[str]:
    """Return ``- field: old`` and ``+ field: new`` for every field that differs."""
    lines = []
    for one in differences:
        name = format_path(one.path) or "(the whole object)"
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
    return f"{place} ({origin.rule})" if origin.rule else place


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


def _value_text(value: Value) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = printable(text)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
