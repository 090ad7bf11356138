"""Functions of chance. All of it comes from the random bytes of the surroundings."""

import base64
import string
import uuid

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.sprig.casts import check_size
from ruleengine.expressions.surroundings import Surroundings

_INT, _STRING = Kind.INT, Kind.STRING

_PRINTABLE = "".join(map(chr, range(32, 127)))


def functions(surroundings: Surroundings) -> tuple[Function, ...]:
    """Return the functions of chance for a source of random bytes."""
    dice = _Dice(surroundings)
    letters, digits = string.ascii_letters, string.digits
    return (
        Function("randAlpha", lambda count: dice.text(count, letters), (_INT,)),
        Function("randNumeric", lambda count: dice.text(count, digits), (_INT,)),
        Function("randAlphaNum", lambda count: dice.text(count, letters + digits), (_INT,)),
        Function("randAscii", lambda count: dice.text(count, _PRINTABLE), (_INT,)),
        Function("randBytes", dice.encoded, (_INT,)),
        Function("randInt", dice.number, (_INT, _INT)),
        Function("shuffle", dice.shuffled, (_STRING,)),
        Function("uuidv4", dice.identifier),
    )


class _Dice:
    """Throws for texts, numbers and orders."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def text(self, count: int, alphabet: str) -> str:
        if count < 0:
            raise ExpressionError("a negative count")
        check_size(count)
        # Two hundred and fifty-six throws of a byte are not shared out evenly: take four bytes.
        data = self._surroundings.bytes(4 * count)
        return "".join(
            alphabet[int.from_bytes(data[at : at + 4], "big") % len(alphabet)]
            for at in range(0, 4 * count, 4)
        )

    def encoded(self, count: int) -> str:
        if count < 0:
            raise ExpressionError("a negative count")
        check_size(2 * count)
        return base64.b64encode(self._surroundings.bytes(count)).decode()

    def number(self, least: int, limit: int) -> int:
        if limit <= least:
            raise ExpressionError("the limit is not above the least number")
        return least + self._surroundings.below(limit - least)

    def shuffled(self, text: str) -> str:
        characters = list(text)
        for at in range(len(characters) - 1, 0, -1):
            other = self._surroundings.below(at + 1)
            characters[at], characters[other] = characters[other], characters[at]
        return "".join(characters)

    def identifier(self) -> str:
        return str(uuid.UUID(bytes=self._surroundings.bytes(16), version=4))
