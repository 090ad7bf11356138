"""Go templates over what an event holds, with the functions of sprig.

A template sees the time of its event as the time that is, and chance that follows from its
event's id: the same event gives the same text whenever it is asked for, so what it starts has
the same name and content when it is started again.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

from ruleengine.expressions import gotemplates, sprig
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.events import CloudEvent
from ruleengine.model.times import parse_time
from ruleengine.model.values import Value

_NO_VALUE = "<no value>"


class NoTextError(Exception):
    """A template that cannot be evaluated, or that comes to nothing."""


def render(template: str, value: Value, event: CloudEvent) -> str:
    """Return the text of a template for a value, which it finds as ``.Input``.

    Raises ``NoTextError``; its message is empty where the template comes to nothing.
    """
    surroundings = sprig.Surroundings(now=_time(event), random=_chance(event.id))
    try:
        program = gotemplates.compile(template, functions=sprig.functions(surroundings))
        text = program.eval({"Input": value})
    except ExpressionError as error:
        raise NoTextError(str(error)) from error
    if text in ("", _NO_VALUE):
        raise NoTextError
    return text


def check(template: str) -> str:
    """Return why a template cannot be evaluated, whatever its event; empty where it can."""
    try:
        gotemplates.compile(template, functions=sprig.functions())
    except ExpressionError as error:
        return str(error)
    return ""


def _time(event: CloudEvent) -> datetime | None:
    try:
        return parse_time(event.time)
    except ValueError:
        return None


def _chance(seed: str) -> Callable[[int], bytes]:
    """Return random bytes that are the same in the same order for the same seed."""
    state = [0]

    def more(count: int) -> bytes:
        found = b""
        while len(found) < count:
            state[0] += 1
            found += hashlib.sha256(f"{seed} {state[0]}".encode()).digest()
        return found[:count]

    return more
