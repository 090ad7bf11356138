"""Semantic versions, strict: three numbers, then maybe a prerelease and build metadata."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from ruleengine.expressions.cel.functions.function import Function, member, plain
from ruleengine.expressions.cel.values import CelError, no_overload
from ruleengine.expressions.language import Meter

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,19})"
_VERSION: Final = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_LONGEST: Final = 1000
_LARGEST: Final = 2**64


@dataclass(frozen=True, slots=True)
class Semver:
    """A version as a value of CEL. Build metadata does not count."""

    numbers: tuple[int, int, int]
    prerelease: tuple[str, ...]
    text: str = field(compare=False)

    cel_type: ClassVar[str] = "kubernetes.Semver"

    def cel_order(self) -> tuple[Any, ...]:
        """Return what versions are ordered by: a prerelease comes before its release."""
        parts = tuple(
            (0, int(one), "") if one.isdigit() else (1, 0, one) for one in self.prerelease
        )
        return self.numbers, not self.prerelease, parts


def _read(text: Any, normalize: Any, name: str) -> Semver | None:
    if not isinstance(text, str) or not isinstance(normalize, bool):
        raise no_overload(name, text, normalize)
    if len(text) > _LONGEST:
        return None
    found = _VERSION.fullmatch(_normal(text) if normalize else text)
    if found is None or any(int(found[number]) >= _LARGEST for number in (1, 2, 3)):
        return None
    prerelease = tuple(found[4].split(".")) if found[4] else ()
    if any(one.isdigit() and len(one) > 1 and one[0] == "0" for one in prerelease):
        return None
    return Semver((int(found[1]), int(found[2]), int(found[3])), prerelease, text)


def _normal(text: str) -> str:
    """Return a version without a leading ``v`` and zeros, and with all its three numbers."""
    parts = text.removeprefix("v").split(".", 2)
    for number, part in enumerate(parts):
        if len(part) > 1:
            stripped = part.lstrip("0")
            digit = stripped[:1].isascii() and stripped[:1].isdigit()
            parts[number] = stripped if digit else f"0{stripped}"
    if len(parts) < 3 and re.search(r"[+-]", parts[-1]):
        return ""
    return ".".join([*parts, "0", "0"][:3])


def _semver(meter: Meter, text: Any, normalize: Any = False) -> Semver:
    del meter
    found = _read(text, normalize, "semver")
    if found is None:
        raise CelError("the text is no semantic version such as 1.2.3")
    return found


def _is_semver(meter: Meter, text: Any, normalize: Any = False) -> bool:
    del meter
    return _read(text, normalize, "isSemver") is not None


def _part(name: str, number: int) -> Function:
    def part(meter: Meter, value: Any) -> int:
        del meter
        if not isinstance(value, Semver):
            raise no_overload(name, value)
        return value.numbers[number]

    return member(part, 1)


FUNCTIONS: Mapping[str, Function] = {
    "semver": plain(_semver, 1, 2),
    "isSemver": plain(_is_semver, 1, 2),
    "major": _part("major", 0),
    "minor": _part("minor", 1),
    "patch": _part("patch", 2),
}
