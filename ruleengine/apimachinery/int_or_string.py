"""Values that are a number or a percentage, such as ``maxSurge: 25%``."""

import re
from typing import Final

_PERCENT: Final = re.compile(r"([0-9]+)%")


def percentage(value: int | str) -> int | None:
    """Return the number of percent, ``None`` for a plain number.

    Raises ``ValueError`` for a text that is no percentage.
    """
    if isinstance(value, int):
        return None
    match = _PERCENT.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is neither a number nor a percentage such as 25%")
    return int(match[1])


def scaled(value: int | str, total: int, *, round_up: bool) -> int:
    """Return a plain number as it is, a percentage as that share of ``total``.

    Raises ``ValueError`` for a text that is no percentage.
    """
    percent = percentage(value)
    if percent is None:
        return int(value)
    whole, rest = divmod(percent * total, 100)
    return whole + 1 if rest and round_up else whole
