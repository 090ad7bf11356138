"""Semantic versions and the constraints that choose among them.

A constraint names a version of which the last parts may be left out or be ``x``. A version
with a prerelease is chosen only by a constraint that has one too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Final

from ruleengine.expressions import regular
from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.go_methods import MethodTable
from ruleengine.expressions.language import ExpressionError

_STRING: Final = Kind.STRING

_TAIL: Final = (
    r"(?:-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(?:\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
)
_VERSION: Final = r"^v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?" + _TAIL + "$"
_PARTS: Final = r"v?([0-9xX*|]+)(?:\.([0-9xX*|]+))?(?:\.([0-9xX*|]+))?" + _TAIL
_OPERATORS: Final = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
_ONE: Final = rf"(?:{_OPERATORS})\s*{_PARTS}"
_ALL: Final = rf"^(?:\s*{_ONE}\s*)(?:(?:\s+|,\s*){_ONE}\s*)*$"
_SINGLE: Final = rf"({_OPERATORS})\s*{_PARTS}"
_SPAN: Final = rf"\s*({_PARTS})\s+-\s+({_PARTS})\s*"
_SECOND_OF_SPAN: Final = 7
_LARGEST: Final = 2**64
_LONGEST: Final = 1000
_WILD: Final = ("x", "X", "*", "")


@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    metadata: str = ""
    original: str = ""

    go_type: ClassVar[str] = "*semver.Version"
    go_methods: ClassVar[MethodTable] = MappingProxyType({})

    def __str__(self) -> str:
        """Return the version with all its parts."""
        text = f"{self.major}.{self.minor}.{self.patch}"
        text += f"-{self.prerelease}" if self.prerelease else ""
        return text + (f"+{self.metadata}" if self.metadata else "")

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The three numbers."""
        return self.major, self.minor, self.patch

    def compare(self, other: "Version") -> int:
        """Return -1, 0 or 1: whether this comes before, with or after another version.

        The order is that of semver.org; metadata does not count.
        """
        if self.numbers != other.numbers:
            return 1 if self.numbers > other.numbers else -1
        if not self.prerelease or not other.prerelease:
            return bool(other.prerelease) - bool(self.prerelease)
        return compare_prereleases(self.prerelease, other.prerelease)

    def raised(self, *numbers: int) -> "Version":
        """Return a release with other numbers, written with ``v`` where this one is."""
        made = Version(numbers[0], numbers[1], numbers[2])
        return replace(made, original=("v" if self.original[:1] == "v" else "") + str(made))


def _next_patch(version: Version) -> Version:
    return version.raised(version.major, version.minor, version.patch + (not version.prerelease))


def _other(value: Any) -> Version:
    if not isinstance(value, Version):
        raise ExpressionError("a version is expected", hint="write (semver ...)")
    return value


def _comparison(test: Callable[[int], Any]) -> tuple[Callable[..., Any], tuple[Kind, ...]]:
    return lambda version, other: test(version.compare(_other(other))), (Kind.ANY,)


Version.go_methods = MappingProxyType(
    {
        "Major": (lambda version: version.major, ()),
        "Minor": (lambda version: version.minor, ()),
        "Patch": (lambda version: version.patch, ()),
        "Prerelease": (lambda version: version.prerelease, ()),
        "Metadata": (lambda version: version.metadata, ()),
        "Original": (lambda version: version.original, ()),
        "String": (str, ()),
        "IncMajor": (lambda version: version.raised(version.major + 1, 0, 0), ()),
        "IncMinor": (lambda version: version.raised(version.major, version.minor + 1, 0), ()),
        "IncPatch": (_next_patch, ()),
        "Compare": _comparison(lambda order: order),
        "Equal": _comparison(lambda order: order == 0),
        "LessThan": _comparison(lambda order: order < 0),
        "LessThanEqual": _comparison(lambda order: order <= 0),
        "GreaterThan": _comparison(lambda order: order > 0),
        "GreaterThanEqual": _comparison(lambda order: order >= 0),
    }
)


def compare_prereleases(one: str, other: str) -> int:
    """Return -1, 0 or 1: numbers come before words, and fewer parts before more."""
    parts, others = one.split("."), other.split(".")
    for index in range(max(len(parts), len(others))):
        left = parts[index] if index < len(parts) else ""
        right = others[index] if index < len(others) else ""
        if left != right:
            return 1 if _part_order(left) > _part_order(right) else -1
    return 0


def _part_order(part: str) -> tuple[int, int, str]:
    if not part:
        return 0, 0, ""
    return (1, int(part), "") if part.isdigit() and int(part) < _LARGEST else (2, 0, part)


@lru_cache(maxsize=1024)
def parse(text: str) -> Version:
    """Return the version that a text names, such as ``v1.2``. Raises ``ExpressionError``."""
    match = regular.compile(_VERSION).find(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ExpressionError("Invalid Semantic Version", hint="write one such as 1.2.3")
    _, *numbers, prerelease, metadata = match.groups()
    for part in prerelease.split("."):
        if len(part) > 1 and part[0] == "0" and part.isdigit():
            raise ExpressionError("Version segment starts with 0")
    found = [int(number or 0) for number in numbers]
    if max(found) >= _LARGEST:
        raise ExpressionError("a part of the version is too large")
    return Version(found[0], found[1], found[2], prerelease, metadata, text)


@dataclass(frozen=True, slots=True)
class _Constraint:
    """An operator with a version, of which ``given`` parts are written."""

    operator: str
    version: Version
    given: int

    @property
    def is_partial(self) -> bool:
        return self.given < 3

    def holds(self, version: Version) -> bool:
        skips = version.prerelease and not self.version.prerelease
        if skips and (self.operator != "!=" or self.is_partial):
            return False
        return _TESTS[self.operator](self, version)


def _equal(one: _Constraint, version: Version) -> bool:
    return _tilde(one, version) if one.is_partial else version.compare(one.version) == 0


def _unequal(one: _Constraint, version: Version) -> bool:
    known = one.given or 3
    if version.numbers[:known] != one.version.numbers[:known]:
        return True
    if one.given == 1:
        return False
    if one.given == 2:
        return compare_prereleases(version.prerelease, one.version.prerelease) != 0
    return version.compare(one.version) != 0


def _greater(one: _Constraint, version: Version) -> bool:
    if one.given in (1, 2):
        return version.numbers[: one.given] > one.version.numbers[: one.given]
    return version.compare(one.version) > 0


def _at_most(one: _Constraint, version: Version) -> bool:
    if not one.is_partial:
        return version.compare(one.version) <= 0
    known = 1 if one.given == 1 else 2
    return version.numbers[:known] <= one.version.numbers[:known]


def _tilde(one: _Constraint, version: Version) -> bool:
    if version.compare(one.version) < 0:
        return False
    if one.given in (0, 3) and one.version.numbers == (0, 0, 0):
        return True
    known = 1 if one.given == 1 else 2
    return version.numbers[:known] == one.version.numbers[:known]


def _caret(one: _Constraint, version: Version) -> bool:
    if version.compare(one.version) < 0:
        return False
    numbers = one.version.numbers
    if numbers[0] > 0 or one.given == 1:
        known = 1
    elif numbers[1] > 0 or one.given == 2:
        known = 2
    else:
        known = 3
    return version.numbers[:known] == numbers[:known]


_TESTS: Final[Mapping[str, Callable[[_Constraint, Version], bool]]] = MappingProxyType(
    {
        "": _equal,
        "=": _equal,
        "!=": _unequal,
        ">": _greater,
        "<": lambda one, version: version.compare(one.version) < 0,
        ">=": lambda one, version: version.compare(one.version) >= 0,
        "=>": lambda one, version: version.compare(one.version) >= 0,
        "<=": _at_most,
        "=<": _at_most,
        "~": _tilde,
        "~>": _tilde,
        "^": _caret,
    }
)


@lru_cache(maxsize=1024)
def _constraints(text: str) -> tuple[tuple[_Constraint, ...], ...]:
    """Return the constraints of a text: any of the tuples, and all in it."""
    if len(text) > _LONGEST:
        raise _improper()
    for match in regular.compile(_SPAN).find_all(text):
        groups = match.groups()
        both = f">= {groups[1]}, <= {groups[_SECOND_OF_SPAN]} "
        text = text.replace(groups[0], both, 1)
    return tuple(_together(part) for part in text.split("||"))


def _together(text: str) -> tuple[_Constraint, ...]:
    if not regular.compile(_ALL).matches(text):
        raise _improper()
    return tuple(
        _constraint(*match.groups()[1:-1]) for match in regular.compile(_SINGLE).find_all(text)
    )


def _constraint(operator: str, major: str, minor: str, patch: str, prerelease: str) -> _Constraint:
    parts = [major, minor, patch]
    given = next((at for at, part in enumerate(parts) if part in _WILD), 3)
    numbers = [*parts[:given], "0", "0", "0"][:3]
    tail = f"-{prerelease}" if prerelease else ""
    try:
        return _Constraint(operator, parse(".".join(numbers) + tail), given)
    except ExpressionError:
        raise _improper() from None


def _improper() -> ExpressionError:
    return ExpressionError("improper constraint", hint="write one such as >=1.2, <2 or ^1.2.3")


def satisfies(constraint: str, version: str) -> bool:
    """Tell whether a version satisfies a constraint. Raises ``ExpressionError`` for others."""
    choices = _constraints(constraint)
    found = parse(version)
    return any(all(one.holds(found) for one in choice) for choice in choices)


FUNCTIONS: Final = (
    Function("semver", parse, (_STRING,)),
    Function("semverCompare", satisfies, (_STRING, _STRING)),
)
