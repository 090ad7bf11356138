"""A simulation as text and as data."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final

from ruleengine.apimachinery.durations import format_duration
from ruleengine.app.simulating import Simulation
from ruleengine.app.timeline import Moment, What
from ruleengine.cli.printing import told_lines
from ruleengine.model.times import format_time
from ruleengine.model.values import Object
from ruleengine.reconcile.steps import Told
from ruleengine.reporting.as_json import envelope, finding_data, target_data
from ruleengine.reporting.style import Style, printable

_COLOURS: Final = {
    What.DECISION: "cyan",
    What.WRITE: "green",
    What.PERSON: "yellow",
    What.POD: "blue",
}
_FINEST: Final = timedelta(milliseconds=10)


def timeline_text(simulation: Simulation, style: Style) -> str:
    """Return one line per moment, and how it ends."""
    begin = format_time(simulation.start)
    head = f"simulated from {begin} with seed {simulation.seed}: nothing ran, nothing was sent\n"
    return "".join([head, *_lines(simulation.moments, style), *_end(simulation)])


def timeline_data(simulation: Simulation) -> Object:
    """Return the envelope ``Simulation``."""
    settled = simulation.settled
    return envelope(
        "Simulation",
        {
            "start": format_time(simulation.start),
            "seed": simulation.seed,
            "seconds": simulation.end / timedelta(seconds=1),
            "settled": simulation.at_rest,
            "moments": [_moment_data(one) for one in simulation.moments],
            "waiting": [_told_data(one) for one in settled.waiting] if settled else [],
            "unsettled": [_told_data(one) for one in settled.unsettled] if settled else [],
            "failed": [_told_data(one) for one in (*settled.failed, *simulation.bad)]
            if settled
            else [],
            "findings": [finding_data(one) for one in simulation.findings],
        },
    )


def _lines(moments: Sequence[Moment], style: Style) -> Iterator[str]:
    """Yield one line per moment; the definitions of kinds are one line together."""
    for (at, is_definition), group in groupby(moments, lambda one: (one.at, _is_definition(one))):
        found = list(group)
        if is_definition and len(found) > 1:
            text = style.paint(found[0].text, _COLOURS[What.WRITE])
            yield f"+{short_time(at):<8} {len(found)} CustomResourceDefinitions: {text}\n"
        else:
            yield from (_line(one, style) for one in found)


def _is_definition(moment: Moment) -> bool:
    return moment.target is not None and moment.target.kind == "CustomResourceDefinition"


def _line(moment: Moment, style: Style) -> str:
    at = f"+{short_time(moment.at)}"
    who = "you" if moment.what is What.PERSON else str(moment.target)
    text = style.paint(printable(moment.text), _COLOURS[moment.what])
    if moment.what is What.PERSON and moment.target is not None:
        text = f"{text} {moment.target}"
    by = f" (by {moment.by})" if moment.by is not None else ""
    return f"{at:<9} {who}: {text}{by}\n"


def _end(simulation: Simulation) -> list[str]:
    settled, at = simulation.settled, short_time(simulation.end)
    if settled is None:
        return []
    lines = told_lines("waiting", settled.waiting)
    lines += told_lines("failed", (*settled.failed, *simulation.bad))
    if simulation.at_rest:
        return [*lines, f"settled after {at}\n"]
    lines += told_lines("not settled", settled.unsettled)
    return [*lines, f"not settled after {at}; give it more with --for\n"]


def short_time(time: timedelta) -> str:
    """Return a time in words, to a hundredth of a second.

    >>> short_time(timedelta(minutes=5, milliseconds=1204))
    '5m1.2s'
    """
    return format_duration(time - time % _FINEST)


def _moment_data(moment: Moment) -> Object:
    return {
        "seconds": moment.at / timedelta(seconds=1),
        "what": moment.what.value,
        "target": target_data(moment.target) if moment.target is not None else None,
        "by": target_data(moment.by) if moment.by is not None else None,
        "text": moment.text,
    }


def _told_data(told: Told) -> Object:
    return {"target": target_data(told.target), "message": told.message}
