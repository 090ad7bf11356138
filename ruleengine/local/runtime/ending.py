"""How containers end: first their hook, then they are asked, in the end they are forced. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.runtime.checks import Purpose
from ruleengine.local.runtime.situation import Situation
from ruleengine.local.runtime.steps import End, Ending, Steps
from ruleengine.model.values import Object

_SOON: Final = timedelta(milliseconds=100)


def end_container(
    situation: Situation, container: Object, since: datetime, grace: int, steps: Steps
) -> None:
    """End a container that had to end ``since`` a moment and has ``grace`` seconds for that."""
    one = situation.seen(container)
    if one is None or one.finished is not None:
        return
    name = container["name"]
    last = since + timedelta(seconds=grace)
    if situation.now >= last:
        steps.ends.append(End(name, kill=True))
        steps.times.append(situation.now + _SOON)
        return
    steps.times.append(last)
    if one.told:
        return
    hook = situation.checks(container).get(Purpose.PRE_STOP)
    known = situation.known(container, Purpose.PRE_STOP)
    if hook is not None and known is None:
        left = (last - situation.now).total_seconds()
        steps.checks.append(replace(hook, timeout=left))
    elif hook is None or known is None or not known.running:
        steps.ends.append(End(name, kill=False))


def end_sidecars(situation: Situation, since: datetime, grace: int, steps: Steps) -> None:
    """End what was added, and the sidecars, each when the one behind it has ended."""
    for container in situation.added:
        end_container(situation, container, since, grace, steps)
    for container in reversed(situation.sidecars):
        if situation.is_running(container):
            end_container(situation, container, since, grace, steps)
            if not _is_late(situation, since, grace):
                return


def end_pod(situation: Situation, ending: Ending, steps: Steps) -> None:
    """End every container of a pod: those that do the work, then the sidecars."""
    sidecars = situation.sidecars
    workers = [one for one in situation.initial if one not in sidecars] + situation.mains
    for container in workers:
        end_container(situation, container, ending.since, ending.grace, steps)
    late = _is_late(situation, ending.since, ending.grace)
    if late or not any(situation.is_running(one) for one in workers):
        end_sidecars(situation, ending.since, ending.grace, steps)


def _is_late(situation: Situation, since: datetime, grace: int) -> bool:
    return situation.now >= since + timedelta(seconds=grace)
