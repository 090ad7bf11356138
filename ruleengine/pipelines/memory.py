"""What earlier decisions worked out about the same spec, so that it is worked out once.

It makes a decision cheaper and never another one: whatever is not in it is made again.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.values import Object
from ruleengine.pipelines.expanding import captured
from ruleengine.pipelines.graphs import Frontier, Graph

_LATE: Final = re.compile(r"workflow\W+(?:duration|status|failures|outputs)\b|\bnow\s*\(|\bsprig\b")
"""Variables that change while a workflow runs, also where brackets lead to them."""

_MOST_TEXTS: Final = 1000
"""Of how many documents it is remembered what their text tells: each answer of a server has new
ones."""


class Memory:
    """The memory of the decisions about one workflow; ``kept`` is handed from one to the next."""

    def __init__(self, kept: dict[str, Any]) -> None:
        self._kept = kept

    def remember(self, kind: str, name: str, source: object, make: Callable[[], Any]) -> Any:
        """Return what ``make`` makes for a node, from the memory where it was made before.

        What depends on variables that change during the run is made anew each time.
        """
        known = self._kept.setdefault(kind, {})
        if name not in known:
            made = make()
            if self._of_text("late", source, lambda text: _LATE.search(text) is not None):
                return made
            known[name] = made
        return known[name]

    def has_tags(self, source: Object) -> bool:
        """Tell whether there is a tag anywhere in a document."""
        return self._of_text("tags", source, lambda text: "{{" in text)

    def _of_text(self, kind: str, source: object, tell: Callable[[str], bool]) -> bool:
        """Return what the text of a document tells; many nodes are of the same one.

        The document is kept beside it, so that its identity stays its own.
        """
        known: dict[int, tuple[object, bool]] = self._kept.setdefault(kind, {})
        found = known.get(id(source))
        if found is None:
            if len(known) >= _MOST_TEXTS:
                known.clear()
            found = known[id(source)] = source, tell(dumps(source))
        return found[1]

    def latest(self, kind: str, source: object, make: Callable[[], Any]) -> Any:
        """Return what ``make`` made of a source, again only once that is another one."""
        known = self._kept.get(kind)
        if known is None or known[0] != source:
            known = self._kept[kind] = source, make()
        return known[1]

    def has(self, kind: str, name: str) -> bool:
        """Tell whether something is remembered for a node, so that it stays what it is."""
        return name in self._kept.get(kind, {})

    def past(self, name: str, is_past: Callable[[int], bool]) -> int:
        """Return how many parts of a node, from the first one on, were observed to be past."""
        known: dict[str, int] = self._kept.setdefault("past", {})
        count = known.get(name, 0)
        while is_past(count):
            count += 1
        known[name] = count
        return count

    @property
    def seen(self) -> dict[str, Any]:
        """What the nodes on their way, by id, were last seen to be."""
        found: dict[str, Any] = self._kept.setdefault("seen", {})
        return found

    def captures(self, name: str, template: Object) -> set[str]:
        """Return the steps or tasks of a node whose standard output somebody reads."""
        known = self._kept.setdefault("captures", {})
        if name not in known:
            known[name] = captured(template)
        found: set[str] = known[name]
        return found

    def frontier(self, name: str, graph: Graph) -> Frontier:
        """Return which parts of a node can be looked at, as far as earlier decisions saw.

        It counts for that very graph: one that was made anew begins anew.
        """
        known = self._kept.setdefault("frontier", {})
        if name not in known or known[name].graph is not graph:
            known[name] = Frontier(graph)
        found: Frontier = known[name]
        return found
