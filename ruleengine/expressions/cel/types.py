"""Types of CEL as they are known before there are values, and how they fit one another.

What nothing is known of is ``dyn`` and fits everything: a check by these types finds what is
wrong for certain and no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Bindings = dict[str, "Type"]
"""What the variables of a signature stand for so far."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type: its name, the types that it is made of, and the fields of an object.

    A name of one capital letter is a variable of a signature. ``fields`` is ``None`` for
    everything but objects.
    """

    name: str
    of: tuple["Type", ...] = ()
    fields: Mapping[str, "Type"] | None = None

    def __str__(self) -> str:
        inner = ", ".join(str(one) for one in self.of)
        return f"{self.name}({inner})" if inner else self.name

    @property
    def is_variable(self) -> bool:
        """Whether it stands for another type."""
        return len(self.name) == 1


DYN: Final = Type("dyn")
NULL: Final = Type("null_type")
BOOL: Final = Type("bool")
INT: Final = Type("int")
STRING: Final = Type("string")
NUMBERS: Final = frozenset({"int", "uint", "double"})


def list_of(element: Type) -> Type:
    """Return the type of a list."""
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    """Return the type of a map."""
    return Type("map", (key, value))


def optional_of(content: Type) -> Type:
    """Return the type of a value that may be there."""
    return Type("optional_type", (content,))


def object_of(fields: Mapping[str, Type]) -> Type:
    """Return the type of an object with these fields and no others."""
    return Type("object", (), fields)


def fits(wanted: Type, found: Type, bindings: Bindings) -> bool:
    """Tell whether a value of type ``found`` may stand where ``wanted`` is; binds variables."""
    if wanted.is_variable:
        bound = bindings.get(wanted.name)
        if bound is None or (bound.name in ("dyn", "null_type") and found != NULL):
            bindings[wanted.name] = found
            return True
        return fits(bound, found, {})
    if "dyn" in (wanted.name, found.name) or "null_type" in (wanted.name, found.name):
        return True
    if wanted.name != found.name:
        return False
    parts = zip(wanted.of, found.of, strict=False)
    return wanted.fields == found.fields and all(fits(one, other, bindings) for one, other in parts)


def bound(result: Type, bindings: Bindings) -> Type:
    """Return a type with what its variables stand for; ``dyn`` where that is not known."""
    if result.is_variable:
        return bindings.get(result.name, DYN)
    return Type(result.name, tuple(bound(one, bindings) for one in result.of), result.fields)


def common(types: list[Type]) -> Type:
    """Return the one type that all have, ``dyn`` where there is none."""
    known = [one for one in types if one != NULL]
    first = known[0] if known else DYN
    return first if all(one == first for one in known) else DYN
