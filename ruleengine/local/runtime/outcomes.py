"""How a container ended, in the words of Kubernetes: its code, the reason, and a message."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ruleengine.local.runtime.attempts import Attempt
from ruleengine.local.runtime.containers import failure_of
from ruleengine.local.runtime.files import last_bytes
from ruleengine.local.runtime.launching import Contained
from ruleengine.local.runtime.logs import last_lines
from ruleengine.local.runtime.values import (
    COMPLETED,
    ERROR,
    OUT_OF_MEMORY,
    START_ERROR,
    ContainerPlan,
)

_LONGEST_MESSAGE: Final = 4096
_LONGEST_LOG: Final = 2048
_MOST_LINES: Final = 80
_KILLED: Final = 137
_ENGINE_FAILED: Final = 125
"""The exit code of an engine's client that could not start a container."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is written down of a container that has ended."""

    code: int
    reason: str
    message: str


def outcome_of(
    plan: ContainerPlan,
    attempt: Attempt,
    found: Contained,
    ran_out: Callable[[ContainerPlan], bool],
) -> Outcome:
    """Return how a container ended; ``ran_out`` asks an engine whether it wanted memory."""
    code = found.code or 0
    failure = failure_of(found, attempt.folder) if code else ""
    reason = START_ERROR if failure else ERROR if code else COMPLETED
    if code and attempt.group is not None and attempt.group.was_out_of_memory():
        reason = OUT_OF_MEMORY
    if attempt.plan is not None and code == _ENGINE_FAILED:
        reason = START_ERROR
    elif attempt.plan is not None and code == _KILLED and ran_out(attempt.plan):
        reason = OUT_OF_MEMORY
    message = failure or last_bytes(attempt.folder / "termination", _LONGEST_MESSAGE)
    if not message and code and (plan.log_is_message or reason == START_ERROR):
        message = last_lines(attempt.folder / "log", _MOST_LINES, _LONGEST_LOG)
    return Outcome(code, reason, message)
