"""What an apply came to, as text and as data."""

from typing import Final

from ruleengine.app.applying import Delivery
from ruleengine.app.inspecting import Standing
from ruleengine.cli.printing import short_revision, told_lines
from ruleengine.model.actions import Outcome, Result, Verb
from ruleengine.model.names import INVENTORY_TYPE, RECORD_TYPE
from ruleengine.model.values import Object, lookup
from ruleengine.reporting.as_json import finding_data, outcomes_data, target_data
from ruleengine.reporting.diff import recorded_line
from ruleengine.reporting.style import Style, printable
from ruleengine.reporting.tree import outcomes_text

_UNTOLD: Final = (Verb.STATUS, Verb.EVENT)
"""Verbs of writes that are no news to a person."""


def delivery_text(delivery: Delivery, style: Style) -> str:
    """Return the tree of what happened per file, how it stands now, and the totals."""
    parts = [outcomes_text(shown(delivery), style, delivery.writes)]
    parts += [_standing_line(one, style) for one in delivery.standings if one.sync or one.health]
    settled = delivery.settled
    if settled is not None:
        parts += told_lines("waiting", settled.waiting)
        parts += told_lines("not settled", settled.unsettled)
        parts += told_lines("failed", settled.failed)
        if settled.timed_out:
            parts.append("the timeout came first: run it again, or give it more with --timeout\n")
    recorded = delivery.plan.recorded if delivery.plan else ()
    if recorded:
        parts.append(recorded_line(recorded))
    parts += [f"note: {note}\n" for note in delivery.notes]
    if delivery.error is not None:
        return "".join(parts)
    if delivery.pods is not None:
        parts.append(f"{delivery.pods}\n")
    if not delivery.writes and all(one.result is Result.UNCHANGED for one in delivery.outcomes):
        parts.append("everything unchanged\n")
    return "".join(parts)


def delivery_data(delivery: Delivery) -> Object:
    """Return the envelope ``Outcomes``, with how everything stands."""
    settled = delivery.settled
    extra: Object = {
        "writes": delivery.writes,
        "applications": [
            {
                "target": target_data(one.target),
                "sync": one.sync,
                "health": one.health,
                "revision": one.revision,
                "message": one.message,
            }
            for one in delivery.standings
            if one.sync
        ],
        "recorded": [target_data(one) for one in (delivery.plan.recorded if delivery.plan else ())],
        "settled": settled is not None and not settled.timed_out and not settled.cancelled,
        "findings": [finding_data(one) for one in delivery.findings],
    }
    if delivery.pods is not None:
        extra["pods"] = delivery.pods.data()
    return outcomes_data(shown(delivery), extra)


def shown(delivery: Delivery) -> tuple[Outcome, ...]:
    """Return the last outcome per object and area, without the writing of statuses."""
    last = {
        (one.planned.action.target, one.planned.area): one
        for one in delivery.outcomes
        if one.planned.action.verb not in _UNTOLD
    }
    return tuple(last.values())


def told(outcome: Outcome) -> str:
    """Return one line about an outcome while it happens; empty for what only we need to know."""
    action = outcome.planned.action
    ours = lookup(action.object, "type") in (INVENTORY_TYPE, RECORD_TYPE)
    if ours or action.verb in _UNTOLD or outcome.result is Result.UNCHANGED:
        return ""
    message = f": {printable(outcome.message)}" if outcome.message else ""
    return f"{outcome.result.value} {action.target}{message}"


def _standing_line(one: Standing, style: Style) -> str:
    good = one.sync in ("Synced", "") and one.health == "Healthy"
    words = ", ".join(filter(None, (one.sync, one.health)))
    word = style.paint(words, "green" if good else "yellow")
    revision = f" at {short_revision(one.revision)}" if one.revision else ""
    message = f": {printable(one.message)}" if one.message and not good else ""
    return f"{one.target}: {word}{revision}{message}\n"
