"""What templates and conditions of notifications find beside their data: ``time`` and ``strings``.

They are values, so templates write ``{{ call .time.Now }}`` (reference: argocd, section 12).
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.sprig import Surroundings
from ruleengine.expressions.sprig.texts import replace
from ruleengine.formats import go_durations
from ruleengine.formats.go_case import lower, upper
from ruleengine.formats.go_durations import Duration
from ruleengine.formats.go_time_parsing import parse_time
from ruleengine.formats.go_times import DAYS, LAYOUTS, MONTHS, RFC3339, Month, Weekday

_STRING: Final = Kind.STRING


def _read(text: str) -> datetime:
    return parse_time(RFC3339, text)


_DURATIONS: Final = {
    name: Duration(size)
    for name, size in (
        ("Nanosecond", go_durations.NANOSECOND),
        ("Microsecond", go_durations.MICROSECOND),
        ("Millisecond", go_durations.MILLISECOND),
        ("Second", go_durations.SECOND),
        ("Minute", go_durations.MINUTE),
        ("Hour", go_durations.HOUR),
    )
}
_TIME: Final = {
    "Parse": Function("time.Parse", _read, (_STRING,)),
    **_DURATIONS,
    **LAYOUTS,
    **{name: Month(number) for number, name in enumerate(MONTHS, start=1)},
    **{name: Weekday((number + 1) % 7) for number, name in enumerate(DAYS)},
}
_STRINGS: Final = {
    "ReplaceAll": Function(
        "strings.ReplaceAll",
        lambda text, old, new: replace(old, new, text),
        (_STRING, _STRING, _STRING),
    ),
    "ToUpper": Function("strings.ToUpper", upper, (_STRING,)),
    "ToLower": Function("strings.ToLower", lower, (_STRING,)),
}


def namespaces(surroundings: Surroundings) -> Mapping[str, Any]:
    """Return what to put beside the data of a notification."""
    now = Function("time.Now", surroundings.time)
    return MappingProxyType({"time": {**_TIME, "Now": now}, "strings": dict(_STRINGS)})
