"""Reads paths. A path is read piece by piece, because what it meets decides what a piece means.

On an object ``a*`` is a pattern and ``#(x)`` a key; on an array ``0`` is an index and ``#(x)`` a
query. So each piece can be read in both ways, and a text that is no query is a key: every text
is a path, some never find anything.
"""

from dataclasses import dataclass
from functools import lru_cache

from ruleengine.expressions import regular
from ruleengine.expressions.gjson.modifiers import MODIFIERS
from ruleengine.expressions.gjson.scanning import content, is_valid

_MODIFIERS = frozenset(("dig", *MODIFIERS))
_LONGEST_KEPT = 300
"""Longer paths are read each time: each of their pieces would keep all the rest."""

_QUOTE = '"'
_OPENING, _CLOSING = "{[(", "}])"
_COMPARING = "!=<>%"
_TWO_CHARACTERS = ("!=", "!%", "<=", ">=", "==")
_BLANK = "".join(map(chr, range(33)))


@dataclass(frozen=True, slots=True)
class Key:
    """A piece of a path as an object reads it."""

    name: str
    pattern: regular.Pattern | None = None
    rest: str | None = None
    """What follows a dot; ``None`` where the piece is the last."""
    pipe: str | None = None
    """What the found value is handed to."""

    def matches(self, literal: str) -> bool:
        """Tell whether a key (in its quotes) is meant."""
        if self.pattern is not None:
            return self.pattern.matches(content(literal))
        return self.name == (content(literal) if "\\" in literal else literal[1:-1])


@dataclass(frozen=True, slots=True)
class Query:
    """A condition on the elements of an array."""

    path: str = ""
    operator: str = ""
    """One of ``= != < <= > >= % !%``; empty where existence is enough."""
    value: str = ""
    every: bool = False
    """Whether all elements that match are wanted, not the first."""


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of a path as an array reads it: an index, a count, a part of each, or a query."""

    index: int = -1
    counts: bool = False
    each: str | None = None
    """What is wanted of every element."""
    query: Query | None = None
    rest: str | None = None
    pipe: str | None = None


def key(path: str) -> Key:
    """Read the first piece of a path for an object."""
    return _kept_key(path) if len(path) <= _LONGEST_KEPT else _key(path)


def item(path: str) -> Item:
    """Read the first piece of a path for an array."""
    return _kept_item(path) if len(path) <= _LONGEST_KEPT else _item(path)


def _key(path: str) -> Key:
    name: list[str] = []
    wild = False
    at = 0
    while at < len(path) and path[at] not in ".|":
        character = path[at]
        if character == "\\":
            at += 1
            name.append(path[at : at + 1])
        else:
            wild = wild or character in "*?"
            name.append(character)
        at += 1
    part = "".join(name)
    rest, pipe = _following(path, at)
    return Key(part, _wildcards(part) if wild else None, rest, pipe)


def _item(path: str) -> Item:
    if path.startswith("#."):
        return Item(each=path[2:])
    if path.startswith(("#(", "#[")):
        return _query_item(path)
    at = _next(path, 0)
    part = path[:at]
    if "#" in part:
        rest, pipe = _following(path, at, plain=True)
        return Item(counts=part == "#", rest=rest, pipe=pipe)
    rest, pipe = _following(path, at)
    digits = part.isascii() and part.isdigit() and len(part) < 20
    return Item(index=int(part) if digits else -1, rest=rest, pipe=pipe)


_kept_key = lru_cache(maxsize=4096)(_key)
_kept_item = lru_cache(maxsize=4096)(_item)


def _query_item(path: str) -> Item:
    found = query(path)
    if found is None:  # never closed: it asks for nothing, and texts and numbers have that
        return Item(query=Query())
    condition, end = found
    every = path[end : end + 1] == "#"
    rest, pipe = _following(path, _next(path, end), plain=True)
    condition = Query(condition.path, condition.operator, condition.value, every)
    return Item(query=condition, rest=rest, pipe=pipe)


def _next(path: str, at: int) -> int:
    """Return where the next dot or pipe stands, or the end."""
    while at < len(path) and path[at] not in ".|":
        at += 1
    return at


def _following(path: str, at: int, *, plain: bool = False) -> tuple[str | None, str | None]:
    """Return what a dot and what a pipe leads to. A dot before a modifier or ``[{`` is a pipe."""
    if at >= len(path):
        return None, None
    rest = path[at + 1 :]
    if path[at] == "|" or (not plain and rest and _is_piped(rest)):
        return None, rest
    return rest, None


def _is_piped(rest: str) -> bool:
    if rest[0] == "@":
        end = 1
        while end < len(rest) and rest[end] not in ".|:":
            end += 1
        return rest[1:end] in _MODIFIERS
    return rest[0] in "[{"


def _wildcards(part: str) -> regular.Pattern:
    pieces: list[str] = []
    at = 0
    while at < len(part):
        character = part[at]
        if character == "\\":
            at += 1
        if character == "*":
            pieces.append(".*")
        elif character == "?":
            pieces.append(".")
        else:
            pieces.append(regular.quote(part[at : at + 1]))
        at += 1
    return regular.compile(f"(?s)^{''.join(pieces)}$")


def wildcard_matches(text: str, pattern: str) -> bool:
    """Tell whether ``*`` and ``?`` of a pattern can stand for the rest of a text."""
    return _wildcards(pattern).matches(text)


def query(path: str) -> tuple[Query, int] | None:
    """Read a query ``#(...)``, and return it and where it ends; ``None`` if it never does."""
    start = 0  # of the comparison
    depth, at, escaped = 1, 2, False
    while at < len(path):
        character = path[at]
        if depth == 1 and not start and character in _COMPARING:
            start = at
        elif character == "\\":
            at += 1
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
            if depth == 0:
                break
        elif character == _QUOTE:
            end = _end_of_quoted(path, at)
            escaped = escaped or "\\" in path[at:end]
            at = end - 1
        at += 1
    if depth > 0:
        return None
    if not start:
        return Query(path[2:at].strip(_BLANK)), at + 1
    operator, value = _comparison(path[start:at].strip(_BLANK))
    if len(value) > 1 and value[0] == value[-1] == _QUOTE:
        value = content(value) if escaped else value[1:-1]
    return Query(path[2:start].strip(_BLANK), operator, value), at + 1


def _comparison(text: str) -> tuple[str, str]:
    if text.startswith("!") and len(text) > 1 and text[1] not in "=%":
        return "", text  # compares nothing
    operator = text[:2] if text.startswith(_TWO_CHARACTERS) else text[:1]
    value = text[len(operator) :].strip(_BLANK)
    return "=" if operator == "==" else operator, value


def _end_of_quoted(text: str, at: int) -> int:
    """Return the place behind a quoted text that begins at a place."""
    at += 1
    while at < len(text) and text[at] != _QUOTE:
        at += 2 if text[at] == "\\" else 1
    return min(at + 1, len(text))


def end_of_nested(text: str, at: int) -> int:
    """Return the place behind brackets or quotes that open at a place, all pairs counted."""
    if text[at] == _QUOTE:
        return _end_of_quoted(text, at)
    depth = 0
    while at < len(text):
        if text[at] == _QUOTE:
            at = _end_of_quoted(text, at)
            continue
        depth += (text[at] in _OPENING) - (text[at] in _CLOSING)
        at += 1
        if depth == 0:
            break
    return at


def split_pipe(path: str) -> tuple[str, str | None]:
    """Cut a path at its first pipe that is in no query and in no multipath at its start."""
    if "|" not in path:
        return path, None
    if path.startswith("{"):
        end = end_of_nested(path, 1 if path.startswith('{"') else 0)
        return (path[:end], path[end + 1 :]) if path[end : end + 1] == "|" else (path, None)
    at = 0
    while at < len(path):
        if path[at] == "|":
            return path[:at], path[at + 1 :]
        if path.startswith((".#(", ".#["), at):
            at = _end_of_selector(path, at + 2)
        elif path.startswith(".#", at):
            at += 3  # what follows a count is not looked at
        else:
            at += 2 if path[at] == "\\" else 1
    return path, None


def _end_of_selector(path: str, at: int) -> int:
    opening = path[at]
    closing = ")" if opening == "(" else "]"
    depth = 0
    while at < len(path):
        character = path[at]
        if character == _QUOTE:
            at = _end_of_quoted(path, at)
            continue
        if character == "\\":
            at += 1
        depth += (character == opening) - (character == closing)
        at += 1
        if depth == 0:
            break
    return at


def selectors(path: str) -> tuple[tuple[tuple[str, str], ...], str] | None:
    """Read a multipath: names (maybe empty) and paths, and what follows it.

    ``None`` where it is never closed.
    """
    found: list[tuple[str, str]] = []
    depth, start, colon, at = 1, 1, 0, 1
    modifier = False
    while at < len(path):
        character = path[at]
        if character == "\\":
            at += 1
        elif character == "@":
            modifier = modifier or path[at - 1] in ".|"
        elif character == ":" and depth == 1 and not (modifier or colon):
            colon = at
        elif character == _QUOTE:
            at = _end_of_quoted(path, at) - 1
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        if depth == 0 or (character == "," and depth == 1):
            name, begin = (path[start:colon], colon + 1) if colon else ("", start)
            found.append((name, path[begin:at]))
            modifier, colon, start = False, 0, at + 1
        at += 1
        if depth == 0:
            return tuple(found), path[at:]
    return None


def last_name(path: str) -> str:
    """Return the name that a part of a multipath has without one of its own."""
    at = len(path)
    while at > 0:
        at -= 1
        if path[at] in ".|" and not (at > 0 and path[at - 1] == "\\"):
            path = path[at + 1 :]
            break
    simple = not any(character < " " or character in "[]{}()#|!" for character in path)
    return path if simple else "_"


def modifier(path: str) -> tuple[str, str, str] | None:
    """Read ``@name:argument``: name, argument, rest. ``None`` where there is no such modifier."""
    end = 1
    while end < len(path) and path[end] not in ".|:":
        end += 1
    name, rest = path[1:end], path[end:]
    if name not in _MODIFIERS:
        return None
    if not rest.startswith(":"):
        return name, "", rest
    rest = rest[1:]
    end = end_of_nested(rest, 0) if rest[:1] in ("{", "[", _QUOTE) else _end_of_simple(rest)
    return name, rest[:end], rest[end:]


def _end_of_simple(text: str) -> int:
    at = 0
    while at < len(text) and text[at] != "|":
        at = end_of_nested(text, at) if text[at] in '{["(' else at + 1
    return at


def literal(path: str) -> tuple[str, str] | None:
    """Read ``!value``: its JSON, empty where it is none, and what follows.

    ``None`` where no value begins.
    """
    start = path[1:2]
    if start and start in '{["':
        end = end_of_nested(path, 1)
    elif start and start in "+-0123456789":
        end = len(path)
    else:
        end = _next(path, 0)
        if path[1:end].lower() not in ("true", "false", "null", "nan", "inf"):
            return None
    value = path[1:end]
    return value if is_valid(value) else "", path[end:]
