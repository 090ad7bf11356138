"""Follows a path through JSON text. What it finds is text of the same JSON, or made from it."""

from dataclasses import replace

from ruleengine.expressions.gjson import paths, scanning
from ruleengine.expressions.gjson.conditions import satisfies
from ruleengine.expressions.gjson.modifiers import MODIFIERS
from ruleengine.expressions.gjson.paths import Item, Query
from ruleengine.expressions.gjson.results import MISSING, Kind, Result, at, entries, parse
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.formats import go_json
from ruleengine.formats.go_text import TooLargeError

_PER_STEP = 100
"""How many characters of JSON and path are looked through for one step."""


class Walker:
    """Follows paths, and counts what it takes."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def get(self, text: str, path: str) -> Result:
        """Return what a path finds in JSON text. Raises ``ExpressionError`` beyond the limits."""
        self.meter.enter()
        whole = True  # whether this is still the text that was handed in
        while True:
            self.meter.step(1 + (len(text) + len(path)) // _PER_STEP)
            self.meter.size(len(text))
            made = self._made(text, path) if len(path) > 1 else None
            if made is not None:
                text, rest = made
                if not rest.startswith((".", "|")):
                    found = parse(text)
                    break
                path, whole = rest[1:], False
                continue
            search = _Search(self)
            search.begin(text, _without_selectors(path))
            if search.pipe is None:
                found = search.found
                break
            text, path, whole = search.found.raw, search.pipe, False
        self.meter.leave()
        return found if whole else replace(found, starts=())

    def _made(self, text: str, path: str) -> tuple[str, str] | None:
        """Return what a modifier, a literal or a multipath makes, and the path that is left."""
        if path[0] == "@" and (read := paths.modifier(path)):
            name, argument, rest = read
            return self._modified(text, name, argument), rest
        if path[0] == "!":
            return paths.literal(path)
        if path[0] in "[{" and (selected := paths.selectors(path)):
            parts, rest = selected
            if rest[:1] in ("", ".", "|"):
                return self._select(text, path[0], parts), rest
        return None

    def _modified(self, text: str, name: str, argument: str) -> str:
        if name == "dig":
            return self._dig(text, argument)
        try:
            return MODIFIERS[name](text, argument)
        except TooLargeError as error:
            raise ExpressionError(f"@{name} makes {error}") from None

    def _select(self, text: str, opening: str, parts: tuple[tuple[str, str], ...]) -> str:
        pieces: list[str] = []
        for name, path in parts:
            found = self.get(text, path)
            if found.exists:
                pieces.append(_named(name, path) + found.raw if opening == "{" else found.raw)
        joined = ",".join(pieces)
        return f"{{{joined}}}" if opening == "{" else f"[{joined}]"

    def _dig(self, text: str, path: str) -> str:
        """Return what a path finds in a value and in everything inside of it."""
        pieces: list[str] = []
        waiting = [parse(text)]
        while waiting:
            value = waiting.pop()
            found = self.get(value.raw, path)
            if found.exists:
                pieces.append(found.raw)
            if value.kind is Kind.JSON:
                waiting += [one for _, one in reversed(entries(value))]
        return f"[{','.join(pieces)}]"


def _named(name: str, path: str) -> str:
    if name.startswith('"') and scanning.is_valid(name):
        return f"{name}:"
    return f"{go_json.marshal(name or paths.last_name(path))}:"


def _without_selectors(path: str) -> str:
    """Return what upstream looks for when a multipath is broken: what follows it, if anything."""
    if len(path) < 2 or path[0] not in "[{":
        return path
    selected = paths.selectors(path)
    return selected[1] if selected else ""


class _Search:
    """Goes down one path in one text, until something is found or all is looked at."""

    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self.found = MISSING
        self.pipe: str | None = None

    def begin(self, text: str, path: str) -> None:
        if path.startswith(".."):  # a value on each line, together an array
            self._array(text, -1, path[2:])
            return
        start = len(text) - len(text.lstrip(" \t\r\n"))
        if text[start : start + 1] in ("{", "["):
            self._container(text, start, path)

    def _container(self, text: str, start: int, path: str) -> bool:
        """Look into an object or an array. Return whether that ends the search."""
        meter = self._walker.meter
        meter.enter()
        inside = self._object if text[start] == "{" else self._array
        ended = inside(text, start, path)
        meter.leave()
        return ended

    def _object(self, text: str, start: int, path: str) -> bool:
        key = paths.key(path)
        self.pipe = self.pipe if key.pipe is None else key.pipe
        for literal, value in scanning.members(text, start):
            if key.matches(literal) and self._step(text, value, key.rest):
                return True
        return False

    def _step(self, text: str, start: int, rest: str | None) -> bool:
        """Take a value that a piece of the path means, or go on inside of it."""
        if rest is None:
            self.found = at(text, start)
            return True
        return text[start] in "{[" and self._container(text, start, rest)

    def _array(self, text: str, start: int, path: str) -> bool:
        item = paths.item(path)
        self.pipe = self.pipe if item.pipe is None else item.pipe
        if item.each is not None:
            return self._each(text, start, item.each)
        if item.counts:
            count = sum(1 for _ in scanning.elements(text, start))
            self.found = Result(Kind.NUMBER, str(count))
            return True
        if item.query is not None:
            return self._query(text, start, item, item.query)
        if item.index >= 0:
            for number, value in enumerate(scanning.elements(text, start)):
                if number == item.index:
                    return self._step(text, value, item.rest)
        return False

    def _each(self, text: str, start: int, path: str) -> bool:
        path, pipe = paths.split_pipe(path)
        self.pipe = self.pipe if pipe is None else pipe
        found = [self._get(at(text, value), path) for value in scanning.elements(text, start)]
        self.found = _together([one for one in found if one.exists])
        return True

    def _get(self, value: Result, path: str) -> Result:
        return self._walker.get(value.raw, path).shifted(value.starts[0])

    def _query(self, text: str, start: int, item: Item, query: Query) -> bool:
        """Look for the elements that a query asks for. Upstream goes on after all of them."""
        rest, pipe = paths.split_pipe(item.rest) if item.rest is not None else (None, None)
        every: list[Result] = []
        for place in scanning.elements(text, start):
            value = at(text, place)
            if not self._wanted(value, query):
                continue
            self.pipe = self.pipe if pipe is None else pipe
            found = value if rest is None else self._get(value, rest)
            if not query.every:
                self.found = found
                return True
            if found.raw:
                every.append(found)
        if query.every and not self.found.exists:
            self.found = _together(every)
        return False

    def _wanted(self, value: Result, query: Query) -> bool:
        if value.kind is Kind.JSON:
            return satisfies(query, self._walker.get(value.raw, query.path))
        return not query.path and satisfies(query, value)


def _together(found: list[Result]) -> Result:
    """Return an array of what was found. It knows the places if each of them has some."""
    known = all(one.starts for one in found)
    starts = tuple(start for one in found for start in one.starts) if known else ()
    return Result(Kind.JSON, f"[{','.join(one.raw for one in found)}]", starts)
