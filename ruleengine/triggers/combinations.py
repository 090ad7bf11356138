"""The conditions of a trigger: which dependencies must have happened together.

``&&``, ``||``, parentheses and names of dependencies (reference, Events 10). Names that Argo
Events cannot read there are refused here too; two names that differ in ``-`` and ``_`` only,
which it takes for one, are two.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

_TOKEN: Final = re.compile(r"\s*(&&|\|\||[()]|[A-Za-z_][A-Za-z0-9_-]*)")
_WORDS: Final = frozenset(
    {
        *("and", "contains", "endsWith", "false", "if", "in", "let", "matches", "nil", "not"),
        *("or", "startsWith", "true"),
    }
)
"""Words of the language in which Argo Events evaluates conditions."""

_DEEPEST: Final = 100

_Node: TypeAlias = "str | tuple[str, tuple[_Node, ...]]"
"""A name, or ``&&`` or ``||`` of several nodes."""


class CombinationError(Exception):
    """Conditions that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Combination:
    """Conditions that can be asked; ``names`` are the dependencies in them, in order."""

    names: tuple[str, ...]
    _root: _Node

    @property
    def is_any(self) -> bool:
        """Whether each dependency is enough by itself: nothing ever has to be waited for."""
        return not _has_and(self._root)

    def holds(self, happened: Collection[str]) -> bool:
        """Tell whether what happened is enough."""
        return _holds(self._root, happened)


def read_combination(text: str, dependencies: Sequence[str]) -> Combination:
    """Read the conditions of a trigger; empty ones ask for every dependency.

    Raises ``CombinationError``.
    """
    reader = _Reader(text.strip() or " && ".join(dependencies))
    root = reader.alternatives(0)
    reader.end()
    for name in reader.names:
        if name not in dependencies:
            raise CombinationError(f"{name!r} is no dependency of this sensor")
    return Combination(names=tuple(dict.fromkeys(reader.names)), _root=root)


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self.names: list[str] = []
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def alternatives(self, depth: int) -> _Node:
        """Read what ``||`` joins."""
        if depth > _DEEPEST:
            raise CombinationError(f"the conditions nest deeper than {_DEEPEST}")
        nodes = [self._all(depth)]
        while self._take("||"):
            nodes.append(self._all(depth))
        return nodes[0] if len(nodes) == 1 else ("||", tuple(nodes))

    def end(self) -> None:
        """Check that nothing is left."""
        if self._at < len(self._tokens):
            raise CombinationError(
                f"{self._tokens[self._at]!r} of the conditions {self._text!r} is out of place"
            )

    def _all(self, depth: int) -> _Node:
        nodes = [self._single(depth)]
        while self._take("&&"):
            nodes.append(self._single(depth))
        return nodes[0] if len(nodes) == 1 else ("&&", tuple(nodes))

    def _single(self, depth: int) -> _Node:
        if self._take("("):
            inner = self.alternatives(depth + 1)
            if not self._take(")"):
                raise CombinationError(f"a parenthesis of {self._text!r} is not closed")
            return inner
        if self._at == len(self._tokens):
            raise CombinationError(f"the conditions {self._text!r} end too early")
        name = self._tokens[self._at]
        if name in _WORDS or not (name[0].isalpha() or name[0] == "_"):
            raise CombinationError(f"{name!r} of {self._text!r} cannot be the name of a dependency")
        self._at += 1
        self.names.append(name)
        return name

    def _take(self, token: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == token
        self._at += found
        return found


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise CombinationError(
                f"the conditions {text!r} cannot be read from {text[at:].strip()[:20]!r} on: "
                "they hold &&, ||, parentheses and names of dependencies"
            )
        yield match[1]
        at = match.end()


def _holds(node: _Node, happened: Collection[str]) -> bool:
    if isinstance(node, str):
        return node in happened
    operator, nodes = node
    answers = (_holds(one, happened) for one in nodes)
    return all(answers) if operator == "&&" else any(answers)


def _has_and(node: _Node) -> bool:
    if isinstance(node, str):
        return False
    operator, nodes = node
    return operator == "&&" or any(_has_and(one) for one in nodes)
