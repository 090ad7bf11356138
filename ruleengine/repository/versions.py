"""Semantic versions and constraints over them, as ``targetRevision`` takes them.

The dialect is that of Helm and Argo CD: ``1.2.x``, ``^1.2``, ``~1.2.3``, ``>=1.0 <2.0``,
``1.0 - 2.0`` and alternatives with ``||``. A version with a pre-release matches only a
constraint that names one itself.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_VERSION: Final = re.compile(
    r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)
_PART: Final = re.compile(
    r"(?P<operator>=|==|!=|>=|=>|<=|=<|>|<|\^|~>?)?\s*"
    r"v?(?P<numbers>(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2})(?P<rest>-[0-9A-Za-z.-]+)?"
    r"(?:\+[0-9A-Za-z.-]+)?"
)
_HYPHEN: Final = re.compile(r"(\S+)\s+-\s+(\S+)")

Numbers = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version; ``pre`` are the parts of its pre-release."""

    numbers: Numbers
    pre: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[object, ...]:
        """A key that sorts as the specification says: a pre-release before its release."""
        parts = tuple((0, int(one), "") if one.isdigit() else (1, 0, one) for one in self.pre)
        return (self.numbers, not self.pre, parts)


@dataclass(frozen=True, slots=True)
class _Bound:
    """One comparison of a constraint. ``exclusive``: made by us to end a range."""

    operator: str
    version: Version
    exclusive: bool = False

    @property
    def names_pre_release(self) -> bool:
        """Whether the constraint's author wrote a pre-release."""
        return bool(self.version.pre) and not self.exclusive

    def holds(self, version: Version) -> bool:
        left, right = version.order, self.version.order
        return {
            ">=": left >= right,
            "<": left < right,
            ">": left > right,
            "<=": left <= right,
            "=": left == right,
            "!=": left != right,
        }[self.operator]


class Constraint:
    """A set of versions. Raises ``ValueError`` for a text that is no constraint."""

    def __init__(self, text: str) -> None:
        self._alternatives = [_bounds(one.strip()) for one in text.split("||")]

    def matches(self, version: Version) -> bool:
        """Tell whether a version is in the set."""
        return any(
            all(bound.holds(version) for bound in bounds)
            and (not version.pre or any(bound.names_pre_release for bound in bounds))
            for bounds in self._alternatives
        )


def parse_version(text: str) -> Version | None:
    """Return the version that a tag names, with or without ``v``, or ``None``."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    numbers = (int(match[1]), int(match[2] or 0), int(match[3] or 0))
    return Version(numbers, tuple(match[4].split(".")) if match[4] else ())


def highest(tags: Iterable[str], constraint: str) -> str | None:
    """Return the tag with the highest version that a constraint allows, or ``None``.

    Raises ``ValueError`` for a text that is no constraint.
    """
    wanted = Constraint(constraint)
    versions = [(version, tag) for tag in tags if (version := parse_version(tag)) is not None]
    allowed = [(version.order, tag) for version, tag in versions if wanted.matches(version)]
    return max(allowed)[1] if allowed else None


def _bounds(text: str) -> list[_Bound]:
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen:
        return [*_part(f">={hyphen[1]}"), *_part(f"<={hyphen[2]}")]
    bounds: list[_Bound] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is no version constraint")
        bounds += _part(match[0])
        position = match.end()
        while position < len(text) and text[position] in ", ":
            position += 1
    if not bounds:
        raise ValueError("an empty text is no version constraint")
    return bounds


def _part(text: str) -> list[_Bound]:
    match = _PART.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no version constraint")
    written = [int(one) for one in match["numbers"].split(".") if one.isdigit()]
    low: Numbers = (*written, 0, 0, 0)[:3]  # type: ignore[assignment]
    pre = tuple(match["rest"][1:].split(".")) if match["rest"] else ()
    version = Version(low, pre)
    operator = {"==": "=", "=>": ">=", "=<": "<=", "~>": "~"}.get(
        match["operator"] or "=", match["operator"] or "="
    )
    whole = len(written) == len(low)
    if operator == "^":
        significant = next((place for place, number in enumerate(written) if number), None)
        place = significant if significant is not None else len(written) - 1
        return _between(version, place)
    if operator == "~" or (operator == "=" and not whole):
        return _between(version, min(len(written) - 1, 1 if operator == "~" else 2))
    if operator == "<=" and not whole:
        return _between(version, len(written) - 1)[1:]
    if operator == ">" and not whole:
        return [
            _Bound(">=", bound.version, True) for bound in _between(version, len(written) - 1)[1:]
        ]
    return [_Bound(operator, version)]


def _between(low: Version, place: int) -> list[_Bound]:
    """Return the bounds from ``low`` to the next version at one place; all above for ``x``."""
    if place < 0:
        return [_Bound(">=", low)]
    high = [*low.numbers[:place], low.numbers[place] + 1, 0, 0, 0][:3]
    # Below the first pre-release of the next version, so that none of them slips in.
    return [_Bound(">=", low), _Bound("<", Version((high[0], high[1], high[2]), ("0",)), True)]
