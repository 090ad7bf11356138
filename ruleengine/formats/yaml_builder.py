"""Builds plain data from the events of PyYAML's C parser.

PyYAML's own resolver and constructor take most of its time and give types that
Kubernetes does not have (the reference, Libraries section 1), so we take the C parser's
events and build dictionaries and lists ourselves. With ``locate`` the builder also notes
where every key and item stands: the parser's marks as they are, since few are looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from yaml.error import Mark
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from ruleengine.formats.yaml_errors import TEMPLATE_UNQUOTED
from ruleengine.formats.yaml_types import (
    MERGE,
    is_container_tag,
    plain_key,
    plain_value,
    tagged_value,
)
from ruleengine.model.values import Object, Value

Event = Any
"""An event of PyYAML: its type hints know neither the attributes nor the C parser's marks."""

Position = tuple[int, int]
"""Line and column, both from 1."""

Spot = tuple[Mark, Mark]
"""Where a key stands, and where its value begins. A list item has the same twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one file may ask for, so that a hostile one is refused at once.

    ``bytes`` of the file, ``depth`` of nesting, ``nodes`` (scalars, mappings and lists) of
    one document, and how many of them may come from following ``aliases``.
    """

    bytes: int = 10_000_000
    depth: int = 100
    nodes: int = 1_000_000
    aliases: int = 50_000


class RefusedError(Exception):
    """A document that is well-formed YAML and yet nothing that Kubernetes could read."""

    def __init__(self, code: str, message: str, remedy: str, mark: Mark) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.position = (mark.line + 1, mark.column + 1)


class Duplicate(NamedTuple):
    """A key that is written twice in one mapping."""

    key: str
    first: Position
    second: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """One document: its value, where it begins, and what is wrong with it.

    ``empty`` tells that nothing at all is written. ``spots`` holds the positions by the
    identity of each mapping and list, where they were asked for.
    """

    value: Value = None
    position: Position = (1, 1)
    empty: bool = False
    refused: RefusedError | None = None
    duplicates: tuple[Duplicate, ...] = ()
    spots: dict[int, Any] = field(default_factory=dict, repr=False)


_ALIASES_REMEDY: Final = "write the repeated parts out, or split the file"


class Builder:
    """Builds one document after the other from a parser's events.

    ``get_event`` is the parser's method of that name; what it raises passes through.
    After a refused document it must not be asked again: reading the rest of a hostile one
    would take time that grows with the square of its size.
    """

    def __init__(
        self, get_event: Callable[[], Event], limits: Limits, *, locate: bool = False
    ) -> None:
        self._get = get_event
        self._limits = limits
        self._locate = locate
        self._begin()

    def _begin(self) -> None:
        self._anchors: dict[str, tuple[Value, int] | None] = {}
        self._spots: dict[int, Any] = {}
        self._duplicates: list[Duplicate] = []
        self._nodes = 0
        self._aliased = 0

    def next_document(self) -> Built | None:
        """Return the next document, or ``None`` at the end of the stream."""
        event = self._get()
        while type(event) is not DocumentStartEvent:
            if type(event) is StreamEndEvent:
                return None
            event = self._get()
        self._begin()
        root = self._get()
        position = position_of(root.start_mark)
        try:
            value = self._node(root, 1)
        except RefusedError as refused:
            return Built(position=position, refused=refused)
        self._get()  # the end of the document: raises where something stands behind the root
        return Built(
            value=value,
            position=position,
            empty=type(root) is ScalarEvent and not root.value and _is_bare(root),
            duplicates=tuple(self._duplicates),
            spots=self._spots,
        )

    def _node(self, event: Event, depth: int) -> Value:
        kind = type(event)
        if kind is AliasEvent:
            return self._alias(event)
        anchor: str | None = event.anchor
        if kind is ScalarEvent:
            value = _scalar(event)
            if anchor is not None:
                self._anchors[anchor] = (value, 1)
            return value
        if depth > self._limits.depth:
            raise RefusedError(
                "file-depth-exceeded",
                f"the document is nested deeper than {self._limits.depth} levels",
                "flatten it",
                event.start_mark,
            )
        before = self._nodes
        if anchor is not None:
            self._anchors[anchor] = None
        if kind is MappingStartEvent:
            value = self._mapping(event, depth)
        else:
            value = self._list(event, depth)
        self._count(len(value), event.start_mark)
        if anchor is not None:
            self._anchors[anchor] = (value, self._nodes - before + 1)
        return value

    def _count(self, more: int, mark: Mark) -> None:
        self._nodes += more
        if self._nodes > self._limits.nodes:
            raise RefusedError(
                "file-nodes-exceeded",
                f"the document has more than {self._limits.nodes} values",
                "split the file",
                mark,
            )

    def _alias(self, event: Event) -> Value:
        if event.anchor not in self._anchors:
            raise RefusedError(
                "file-alias-unknown",
                f"no anchor &{event.anchor} comes before the alias *{event.anchor}",
                "correct the name, or put the text in quotes if it is no alias",
                event.start_mark,
            )
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise RefusedError(
                "file-alias-circular",
                f"the alias *{event.anchor} stands inside of what it points at",
                "write the part out in place of the alias",
                event.start_mark,
            )
        value, size = anchored
        self._follow(size, event.start_mark)
        return value

    def _follow(self, size: int, mark: Mark) -> None:
        self._aliased += size
        if self._aliased > self._limits.aliases:
            raise RefusedError(
                "file-aliases-exceeded",
                f"the aliases stand for more than {self._limits.aliases} values",
                _ALIASES_REMEDY,
                mark,
            )
        self._count(size, mark)

    def _list(self, start: Event, depth: int) -> list[Value]:
        if not is_container_tag(start.tag, "seq"):
            raise _unknown_tag(start)
        items: list[Value] = []
        spots: list[Spot] = []
        while True:
            event = self._get()
            kind = type(event)
            if kind is SequenceEndEvent:
                break
            if self._locate:
                spots.append((event.start_mark, event.start_mark))
            if kind is ScalarEvent and event.anchor is None:
                items.append(_scalar(event))
            else:
                items.append(self._node(event, depth + 1))
        if self._locate:
            self._spots[id(items)] = spots
        return items

    def _mapping(self, start: Event, depth: int) -> Object:
        if not is_container_tag(start.tag, "map"):
            raise _unknown_tag(start)
        value: Object = {}
        spots: dict[str, Spot] = {}
        merges: list[tuple[Value, Mark]] = []
        while True:
            event = self._get()
            if type(event) is MappingEndEvent:
                break
            if type(event) is ScalarEvent and event.value == MERGE and event.implicit[0]:
                merges.append(self._merge_source(depth))
                continue
            key = self._key(event, start)
            item = self._get()
            if key in value:
                self._duplicate(key, spots, event)
            elif self._locate:
                spots[key] = (event.start_mark, item.start_mark)
            if type(item) is ScalarEvent and item.anchor is None:
                value[key] = _scalar(item)
            else:
                value[key] = self._node(item, depth + 1)
        if self._locate:
            self._spots[id(value)] = spots
        for source, mark in merges:
            self._merge(value, source, mark)
        return value

    def _key(self, event: Event, mapping: Event) -> str:
        if type(event) is ScalarEvent:
            return self._scalar_key(event)
        if type(event) is AliasEvent:
            value = self._alias(event)
            if isinstance(value, str):
                return value
        raise _complex_key(event, mapping)

    def _scalar_key(self, event: Event) -> str:
        text: str = event.value
        if event.implicit[0] and event.tag is None:
            try:
                key = plain_key(text)
            except ValueError as error:
                raise RefusedError(
                    "file-key-invalid", str(error), "put the key in quotes", event.start_mark
                ) from None
        else:
            key = text if event.tag is None else str(_scalar(event))
        if event.anchor is not None:
            self._anchors[event.anchor] = (key, 1)
        return key

    def _duplicate(self, key: str, spots: dict[str, Spot], event: Event) -> None:
        first = position_of(spots[key][0]) if self._locate else (0, 0)
        self._duplicates.append(Duplicate(key, first, position_of(event.start_mark)))

    def _merge_source(self, depth: int) -> tuple[Value, Mark]:
        event = self._get()
        return self._node(event, depth + 1), event.start_mark

    def _merge(self, value: Object, source: Value, mark: Mark) -> None:
        """Add the keys of ``<<`` that are not written: the first source that has one wins."""
        sources = source if isinstance(source, list) else [source]
        for one in sources:
            if not isinstance(one, dict):
                raise RefusedError(
                    "file-merge-invalid",
                    "`<<` takes a mapping or a list of mappings",
                    "point it at an anchored mapping: `<<: *name`",
                    mark,
                )
            self._follow(len(one), mark)
            for key, item in one.items():
                if key not in value:
                    value[key] = item
                    if self._locate:
                        self._spots[id(value)][key] = self._spots[id(one)][key]


def position_of(mark: Mark) -> Position:
    """Return line and column of a mark, which counts both from 0."""
    return mark.line + 1, mark.column + 1


def _is_bare(event: Event) -> bool:
    return event.tag is None and event.anchor is None and bool(event.implicit[0])


def _scalar(event: Event) -> Value:
    try:
        if event.implicit[0]:
            return plain_value(event.value)
        if event.tag is None:
            return event.value
        return tagged_value(event.tag, event.value)
    except ValueError as error:
        raise RefusedError(
            "file-value-invalid", str(error), "put the value in quotes", event.start_mark
        ) from None
    except LookupError:
        raise _unknown_tag(event) from None


def _unknown_tag(event: Event) -> RefusedError:
    return RefusedError(
        "file-tag-unknown",
        f"Kubernetes does not know the YAML tag {event.tag}",
        "remove the tag, or put the text in quotes if its `!` is meant literally",
        event.start_mark,
    )


def _complex_key(event: Event, mapping: Event) -> RefusedError:
    """Explain a key that is a mapping or a list: nearly always ``{{ x }}`` without quotes."""
    outer, inner = mapping.start_mark, event.start_mark
    braces = (
        type(event) is MappingStartEvent
        and outer.line == inner.line
        and outer.column + 1 == inner.column
    )
    if braces:
        return RefusedError(*TEMPLATE_UNQUOTED, outer)
    return RefusedError(
        "file-key-invalid", "a key must be a text", "write a plain or quoted text", inner
    )
