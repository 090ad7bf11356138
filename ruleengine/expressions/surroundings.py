"""What functions may see of the world: nothing that the caller does not hand in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from ruleengine.expressions.language import ExpressionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The clock and the sources of chance; a function that needs what is ``None`` is refused.

    ``zone`` is the local time zone. ``random`` returns so many random bytes. ``new_key``
    returns a new private key as PEM for ``rsa 2048``, ``rsa 4096``, ``dsa``, ``ecdsa`` or
    ``ed25519``: chance that no bytes of ours can stand for.
    """

    now: datetime | None = None
    zone: tzinfo = UTC
    random: Callable[[int], bytes] | None = None
    new_key: Callable[[str], str] | None = None

    def time(self) -> datetime:
        """Return the time. Raises ``ExpressionError`` where there is none."""
        if self.now is None:
            raise ExpressionError(
                "there is no clock here", hint="hand the time in with the data instead"
            )
        return self.now

    def bytes(self, count: int) -> bytes:
        """Return random bytes. Raises ``ExpressionError`` where there are none."""
        if self.random is None:
            raise ExpressionError(
                "there is no chance here: the same input must give the same output",
                hint="hand the value in with the data instead",
            )
        return self.random(count)

    def below(self, limit: int) -> int:
        """Return a random number from 0 up to a limit, which is left out."""
        size = (limit.bit_length() + 7) // 8 + 8
        return int.from_bytes(self.bytes(size), "big") % limit

    def key(self, kind: str) -> str:
        """Return a new private key as PEM. Raises ``ExpressionError`` where there is none."""
        if self.new_key is None:
            raise ExpressionError(
                "no keys are made here: the same input must give the same output",
                hint="make the key once and read it from a Secret",
            )
        return self.new_key(kind)
