"""When a request is sent again: 429, most 5xx and lost connections, with growing pauses.

Conflicts (409) are left to callers, who alone know whether to read again.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpRequest, HttpResponse, Transport

AGAIN: Final = frozenset({429, 500, 502, 503, 504})
"""The statuses after which the same request may succeed."""

_HOPELESS: Final = b"failed to create typed patch object"
"""Many servers answer an apply with an unknown field with 500, for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """How often and after which pauses (seconds) a request is repeated.

    ``sleep`` and ``jitter`` (a number from 0 to 1) are injected, so that tests neither wait
    nor guess.
    """

    attempts: int = 5
    first_pause: float = 0.2
    longest_pause: float = 10.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    jitter: Callable[[], float] = field(default=random.random, repr=False)

    def pause(self, attempt: int, asked: float = 0.0) -> float:
        """Return the seconds to wait after attempt number ``attempt`` (from 1).

        What the server asked for counts where it is longer, up to a minute.
        """
        grown = min(self.first_pause * 2.0 ** (attempt - 1), self.longest_pause)
        pause: float = max(grown * (0.5 + self.jitter() / 2), min(asked, 60.0))
        return pause

    def send(self, transport: Transport, request: HttpRequest) -> HttpResponse:
        """Send a request until it is answered otherwise or the attempts are used up.

        Raises ``UnreachableError`` where no server answered the last attempt.
        """
        for attempt in range(1, self.attempts):
            try:
                response = transport.send(request)
            except UnreachableError:
                self.sleep(self.pause(attempt))
                continue
            if response.status not in AGAIN or _HOPELESS in response.body:
                return response
            header = response.headers.get("retry-after", "")
            self.sleep(self.pause(attempt, float(header) if header.isdecimal() else 0.0))
        return transport.send(request)
