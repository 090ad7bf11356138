"""Time in documents: UTC, whole seconds, RFC 3339 (design, section 9)."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_LENGTH: Final = len("2026-11-23T21:06:55")


@lru_cache(maxsize=1024)
def format_time(moment: datetime) -> str:
    """Return ``moment`` as Kubernetes writes it, for instance ``2026-11-23T21:06:55Z``."""
    moment = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return moment.isoformat()[:_LENGTH] + "Z"


def parse_time(text: str) -> datetime:
    """Return the moment that an RFC 3339 text names. Raises ``ValueError`` for other texts."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is no date in UTC") from error
