"""What a filter says about an event."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an event passes, and what went wrong while that was found out."""

    passed: bool
    error: str = ""


PASSED: Final = Verdict(passed=True)
