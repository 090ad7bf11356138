"""``withSequence``: the numbers that a loop goes through (reference, Workflows 7).

Commits are checked and loops are run by the same rule. ``count`` numbers begin at ``start``;
or they go to ``end``, which belongs to them, downwards where it is lower.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from ruleengine.expressions.language import ExpressionError

MOST_ITEMS: Final = 100_000
"""How many items a loop may have; no controller runs more steps at once."""

FEWER: Final = f"a loop has at most {MOST_ITEMS} items: let each step do a part of the work"
"""What to do about a loop that has more."""

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}")
"""A number as Go's ``Atoi`` reads it: no space, no underscores."""


def is_whole(value: object) -> bool:
    """Tell whether a value, or a text, is a whole number."""
    return _WHOLE.fullmatch(str(value)) is not None


def numbers_of(sequence: Mapping[str, Any]) -> range:
    """Return the numbers of a sequence whose tags are replaced. Raises ``ExpressionError``."""
    start = _number(sequence, "start") if sequence.get("start") is not None else 0
    if sequence.get("count") is not None:
        numbers = range(start, start + _number(sequence, "count"))
    elif sequence.get("end") is not None:
        last = _number(sequence, "end")
        numbers = range(start, last + 1) if start <= last else range(start, last - 1, -1)
    else:
        raise ExpressionError("withSequence needs 'count' or 'end'")
    if numbers[MOST_ITEMS:]:  # its length may be more than `len` can tell
        count = (numbers.stop - numbers.start) * numbers.step
        told = f"withSequence makes {count} items, more than {MOST_ITEMS}"
        raise ExpressionError(told, hint=FEWER)
    return numbers


def _number(sequence: Mapping[str, Any], name: str) -> int:
    value = sequence[name]
    if not is_whole(value):
        raise ExpressionError(f"withSequence: {name} {value!r} is no whole number")
    return int(str(value))
