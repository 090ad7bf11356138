"""Workflows and templates as graphs, and graphs as Mermaid and DOT."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import naming
from ruleengine.pipelines.graphs import make_graph
from ruleengine.pipelines.verbs.submitting import spec_of

_DEEPEST: Final = 12
"""How deep calls of templates are drawn: recursion has no end."""


@dataclass(frozen=True, slots=True)
class Point:
    """One node of a graph. ``state`` is its phase, empty where nothing runs."""

    id: str
    label: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Points, and pairs of ids of which the second comes after the first."""

    points: tuple[Point, ...]
    edges: tuple[tuple[str, str], ...]


def drawing_of(document: Object) -> Drawing:
    """Return the graph of a workflow that runs, by its nodes, or of what a document declares.

    Raises ``NodeError`` for a DAG that is none.
    """
    nodes: Mapping[str, Object] = lookup(document, "status", "nodes", default={})
    return _of_nodes(nodes, document) if nodes else _of_spec(spec_of(document))


def _of_nodes(nodes: Mapping[str, Object], workflow: Object) -> Drawing:
    points = [
        Point(key, str(one.get("displayName") or one["name"]), str(one["phase"]))
        for key, one in nodes.items()
    ]
    edges = [
        (key, child)
        for key, one in nodes.items()
        for child in one.get("children") or ()
        if child in nodes
    ]
    name = str(workflow["metadata"]["name"])
    handler = naming.node_id(name, name + naming.ON_EXIT)  # it is nobody's child
    if handler in nodes and (name, handler) not in edges:
        edges.append((name, handler))
    return Drawing(tuple(points), tuple(edges))


def _of_spec(spec: Object) -> Drawing:
    templates = {str(one.get("name")): one for one in spec.get("templates") or ()}
    drawer = _Drawer(templates)
    entry = str(spec.get("entrypoint") or "")
    drawer.call(entry, {"template": entry}, (), 0)
    return Drawing(tuple(drawer.points), tuple(drawer.edges))


class _Drawer:
    """Follows calls of templates; each call is a point, and its last points are where it ends."""

    def __init__(self, templates: Mapping[str, Object]) -> None:
        self._templates = templates
        self.points: list[Point] = []
        self.edges: list[tuple[str, str]] = []

    def call(
        self, label: str, step: Object, before: tuple[str, ...], depth: int
    ) -> tuple[str, ...]:
        """Draw a step after others; return the points after which what follows is drawn."""
        key = f"n{len(self.points)}"
        self.points.append(Point(key, label))
        self.edges += [(one, key) for one in before]
        template = step.get("inline") or self._templates.get(str(step.get("template") or ""), {})
        if depth >= _DEEPEST:
            return (key,)
        if "steps" in template:
            return self._steps(template["steps"], (key,), depth)
        if "dag" in template:
            return self._dag(template["dag"], (key,), depth)
        return (key,)

    def _steps(
        self, groups: list[list[Object]], before: tuple[str, ...], depth: int
    ) -> tuple[str, ...]:
        for group in groups:
            calls = (self.call(_label(one), one, before, depth + 1) for one in group)
            before = tuple(end for ends in calls for end in ends) or before
        return before

    def _dag(self, dag: Object, before: tuple[str, ...], depth: int) -> tuple[str, ...]:
        graph = make_graph(dag)
        ends: dict[str, tuple[str, ...]] = {}
        for name in graph.order:
            after = tuple(end for one in graph.needs[name] for end in ends[one]) or before
            ends[name] = self.call(_label(graph.tasks[name]), graph.tasks[name], after, depth + 1)
        needed = {one for name in graph.order for one in graph.needs[name]}
        last = [name for name in graph.order if name not in needed]
        return tuple(end for name in last for end in ends[name]) or before


def _label(step: Object) -> str:
    name = str(step.get("name") or "")
    loops = any(step.get(word) is not None for word in ("withItems", "withParam", "withSequence"))
    condition = f" when {step['when']}" if step.get("when") else ""
    return f"{name}{' (loop)' if loops else ''}{condition}"


_COLOURS: Final = {
    "Succeeded": "#c8e6c9",
    "Failed": "#ffcdd2",
    "Error": "#ef9a9a",
    "Running": "#bbdefb",
    "Pending": "#fff9c4",
    "Skipped": "#eeeeee",
    "Omitted": "#eeeeee",
}


def mermaid(drawing: Drawing) -> str:
    """Return a graph as a Mermaid flowchart, as Markdown pages of code hosts show it."""
    return "".join(f"{line}\n" for line in _mermaid(drawing))


def _mermaid(drawing: Drawing) -> Iterator[str]:
    ids = {one.id: f"n{number}" for number, one in enumerate(drawing.points)}
    yield "flowchart TD"
    for one in drawing.points:
        mark = f":::{one.state}" if one.state in _COLOURS else ""
        label = one.label.replace('"', "#quot;").replace("\n", " ")
        yield f'  {ids[one.id]}["{label}"]{mark}'
    for first, second in drawing.edges:
        yield f"  {ids[first]} --> {ids[second]}"
    for state in dict.fromkeys(one.state for one in drawing.points if one.state in _COLOURS):
        yield f"  classDef {state} fill:{_COLOURS[state]}"


def dot(drawing: Drawing) -> str:
    """Return a graph in DOT, the language of Graphviz."""
    return "".join(f"{line}\n" for line in _dot(drawing))


def _dot(drawing: Drawing) -> Iterator[str]:
    ids = {one.id: f"n{number}" for number, one in enumerate(drawing.points)}
    yield "digraph workflow {"
    yield "  node [shape=box, style=filled, fillcolor=white];"
    for one in drawing.points:
        label = one.label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        colour = f', fillcolor="{_COLOURS[one.state]}"' if one.state in _COLOURS else ""
        yield f'  {ids[one.id]} [label="{label}"{colour}];'
    for first, second in drawing.edges:
        yield f"  {ids[first]} -> {ids[second]};"
    yield "}"


FORMATS: Final[Mapping[str, Callable[[Drawing], str]]] = {"mermaid": mermaid, "dot": dot}
"""How a graph can be written, by name."""
