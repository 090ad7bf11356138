"""Changes to good files as carelessness, broken tools and bad faith make them."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as some

_KEY = re.compile(r"^(\s*(?:- )*)([^\s:#-][^:#]*)(:.*)$", re.DOTALL)
_TEXTS = (
    *("", "5", "-0", "1e400", "true", "null", "~", ".inf", "0x_", "2026-02-30", "1_000", "=", "y"),
    *("[]", "{}", "[[]]", "{a: b}", "- a", "a: b", "? a", "*a", "&a b", "&a [*a]", "<<: 3"),
    *("!!binary x", "!!int x", "!!set {a}", "!x y", "'", '"', '"\\ud800"', "|", ">+9", "%", "@"),
    *("{{x}}", "${{ 1 }}", "${{", "{{", "---", "...", "#", "\t", "kind: Secret", "../..", "/etc"),
)
_STRANGE = some.sampled_from(
    ["\0", "\x07", "\x1b", "\x7f", "\x85", "\xa0", "\u2028", "\u202e", "\ufeff", "\U0001f600"]
) | some.characters(codec="utf-8")
_VALUES = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=8)
    | some.sampled_from(_TEXTS),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@dataclass(frozen=True)
class Edit:
    """One change: what is done, at which place (any number), and with what text."""

    what: str
    place: int
    text: str


def edits(largest: int = 3) -> some.SearchStrategy[list[Edit]]:
    """Return lists of changes to texts."""
    one = some.builds(
        Edit,
        what=some.sampled_from(sorted(_CHANGES)),
        place=some.integers(0, 9999),
        text=some.sampled_from(_TEXTS) | some.text(_STRANGE, min_size=1, max_size=4),
    )
    return some.lists(one, min_size=1, max_size=largest)


def edited(text: str, changes: list[Edit], other: str) -> bytes:
    """Return a text after changes; ``other`` is what may be put behind it."""
    lines = text.splitlines(keepends=True)
    for change in changes:
        if any(lines):
            lines = _CHANGES[change.what](lines, change, other)
    return "".join(lines).encode("utf-8", "surrogatepass")


def flips() -> some.SearchStrategy[list[tuple[int, int]]]:
    """Return lists of places and the bits that change there."""
    return some.lists(some.tuples(some.integers(0, 99_999), some.integers(1, 255)), min_size=1)


def flipped(data: bytes, changes: list[tuple[int, int]]) -> bytes:
    """Return bytes some of which have other bits."""
    changed = bytearray(data)
    for place, bits in changes:
        changed[place % len(changed)] ^= bits
    return bytes(changed)


def replacements() -> some.SearchStrategy[list[tuple[int, Any, str]]]:
    """Return lists of places in a value, what is put there, and a name for its key."""
    return some.lists(
        some.tuples(some.integers(0, 9999), _VALUES, some.text(max_size=6)), min_size=1, max_size=3
    )


def replaced(value: Any, changes: list[tuple[int, Any, str]]) -> Any:
    """Return a value with parts replaced, dropped, or put under another key."""
    changed = copy.deepcopy(value)
    for number, new, name in changes:
        places = _places(changed)
        if not places:
            return changed
        holder, key = places[number % len(places)]
        match number % 4:
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[name] = holder.pop(key)
            case _:
                holder[key] = copy.deepcopy(new)
    return changed


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            found.append((value, key))
            found += _places(inner)
    return found


def _with(lines: list[str], edit: Edit, change: Callable[[str], str]) -> list[str]:
    """Return lines of which one is changed."""
    number = edit.place % len(lines)
    return [*lines[:number], change(lines[number]), *lines[number + 1 :]]


def _dropped(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    return _with(lines, edit, lambda _: "")


def _doubled(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    return _with(lines, edit, lambda line: line + line)


def _renamed(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    return _with(lines, edit, lambda line: _KEY.sub(lambda m: m[1] + edit.text + m[3], line))


def _revalued(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    return _with(lines, edit, lambda line: _KEY.sub(lambda m: f"{m[1]}{m[2]}: {edit.text}\n", line))


def _indented(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    return _with(lines, edit, lambda line: " " * (1 + edit.place % 3) + line)


def _outdented(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    return _with(lines, edit, lambda line: line.lstrip(" "))


def _tabbed(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    return _with(lines, edit, lambda line: "\t" + line)


def _swapped(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    number = edit.place % len(lines)
    return [*lines[number:], *lines[:number]]


def _inserted(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    text = "".join(lines)
    place = edit.place % (len(text) + 1)
    return (text[:place] + edit.text + text[place:]).splitlines(keepends=True)


def _truncated(lines: list[str], edit: Edit, other: str) -> list[str]:
    del other
    text = "".join(lines)
    return text[: edit.place % len(text)].splitlines(keepends=True)


def _joined(lines: list[str], edit: Edit, other: str) -> list[str]:
    between = ["---\n"] if edit.place % 2 else []
    return [*lines, *between, *other.splitlines(keepends=True)]


_CHANGES: dict[str, Callable[[list[str], Edit, str], list[str]]] = {
    "drop": _dropped,
    "double": _doubled,
    "rename": _renamed,
    "revalue": _revalued,
    "indent": _indented,
    "outdent": _outdented,
    "tab": _tabbed,
    "swap": _swapped,
    "insert": _inserted,
    "truncate": _truncated,
    "join": _joined,
}
