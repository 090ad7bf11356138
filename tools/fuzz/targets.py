"""The shape of a target, and how its bytes become texts and values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ruleengine.formats import json_text


@dataclass(frozen=True, slots=True)
class Target:
    """Something that reads what users write, and texts to begin with."""

    run: Callable[[bytes], None]
    seeds: tuple[str, ...]


def text_of(data: bytes) -> str:
    """Return bytes as a text; what is no UTF-8 becomes halves of characters."""
    return data.decode("utf-8", "surrogateescape")


def parts_of(data: bytes) -> tuple[str, str]:
    """Return a program, and the text that it is given."""
    program, _, rest = text_of(data).partition("\0")
    return program, rest


def value_of(text: str, otherwise: Any) -> Any:
    """Return the value of a JSON text, or another one where it is none."""
    try:
        return json_text.loads(text)
    except ValueError:
        return otherwise
