"""Workflows as text: a table, a tree of nodes with durations, and what happens as lines."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.locks import waits_in
from ruleengine.pipelines.phases import NodeType, is_fulfilled
from ruleengine.pipelines.suspending import questions_of
from ruleengine.pipelines.verbs.nesting import Nested, in_order, nested
from ruleengine.pipelines.verbs.parameters import assigned
from ruleengine.reporting.style import PLAIN, Style, beginning, printable, shortened, width_of
from ruleengine.reporting.tree import Branch, tree_text

_LOOKS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "Pending": ("◷", "-", ("faint",)),
    "Running": ("●", "*", ("blue",)),
    "Succeeded": ("✔", "+", ("green",)),
    "Failed": ("✖", "x", ("red",)),
    "Error": ("⚠", "!", ("red", "bold")),
    "Skipped": ("○", "o", ("faint",)),
    "Omitted": ("○", "o", ("faint",)),
}
"""Phase to its sign, its sign in ASCII, and its looks."""

_QUIET: Final = ("StepGroup", "TaskGroup", "Retry")
_LONGEST: Final = 200
WHOLE: Final = 10**6
"""So many lines or columns has what is cut nowhere."""

_ESCAPE: Final = re.compile("(\x1b[^m]*m)")
"""What dresses a text and is not shown."""

_LEAST: Final = 16
"""Columns that the name of a node has however narrow a terminal is."""


def workflow_text(
    workflow: Object, now: datetime, style: Style = PLAIN, columns: int = WHOLE
) -> str:
    """Return a workflow: what it is, the tree of its nodes, and its outputs.

    Names of nodes are shortened so that their durations stand within so many ``columns``.
    """
    rows = list(_facts(workflow, now, style))
    width = max(len(name) for name, _ in rows) + 1
    head = "".join(f"{name + ':':<{width}} {text}\n" for name, text in rows)
    tree = nodes_text(workflow, now, style, columns)
    return "".join([head, f"\n{tree}" if tree else "", *_outputs(workflow)])


def nodes_text(workflow: Object, now: datetime, style: Style = PLAIN, columns: int = WHOLE) -> str:
    """Return the tree of a workflow's nodes with their phases and durations."""
    nodes: Object = lookup(workflow, "status", "nodes", default={})
    tops = nested(nodes, str(workflow["metadata"]["name"]))
    return tree_text([_branch(one, now, style, columns) for one in tops], style)


def workflow_rows(
    workflows: Iterable[Object], now: datetime, *, wide: bool = False, namespaces: bool = False
) -> list[tuple[str, ...]]:
    """Return a table of workflows, its head first."""
    head = ["NAME", "STATUS", "AGE", "DURATION", "PROGRESS", "MESSAGE"]
    head = ["NAMESPACE", *head] if namespaces else head
    rows = [tuple([*head, "PRIORITY", "PARAMETERS"] if wide else head)]
    rows += [_row(one, now, wide=wide, namespaces=namespaces) for one in workflows]
    return rows


def _row(workflow: Object, now: datetime, *, wide: bool, namespaces: bool) -> tuple[str, ...]:
    metadata, status = workflow["metadata"], workflow.get("status") or {}
    age = _between(metadata.get("creationTimestamp"), None, now)
    row = [
        str(metadata["name"]),
        phase_of(workflow),
        age,
        _between(status.get("startedAt"), status.get("finishedAt"), now),
        str(status.get("progress") or "-"),
        _short(printable(str(status.get("message") or "-"))),
    ]
    if namespaces:
        row.insert(0, str(metadata.get("namespace") or ""))
    if wide:
        row += [str(lookup(workflow, "spec", "priority", default="-")), parameters_of(workflow)]
    return tuple(row)


def parameters_of(workflow: Object) -> str:
    """Return the arguments of a workflow on one line."""
    listed = lookup(workflow, "spec", "arguments", "parameters", default=())
    pairs = (f"{one['name']}={one['value']}" for one in listed if one.get("value") is not None)
    return _short(printable(",".join(pairs))) or "-"


def phase_of(workflow: Object) -> str:
    """Return the phase of a workflow; one that was told to wait says so."""
    phase = str(lookup(workflow, "status", "phase", default="Pending"))
    if phase in ("Running", "Pending") and lookup(workflow, "spec", "suspend"):
        return f"{phase} (Suspended)"
    return phase


def _facts(workflow: Object, now: datetime, style: Style) -> Iterator[tuple[str, str]]:
    metadata, status = workflow["metadata"], workflow.get("status") or {}
    yield "Name", str(metadata["name"])
    yield "Namespace", str(metadata.get("namespace") or "")
    phase = phase_of(workflow)
    yield "Status", style.paint(phase, *_looks(phase.partition(" ")[0])[2])
    if status.get("message"):
        yield "Message", printable(str(status["message"]))
    for one in status.get("conditions") or ():
        if str(one.get("type")).endswith("Error") and one.get("status") == "True":
            yield str(one["type"]), printable(str(one.get("message") or ""))
    for lock, others in waits_in(workflow).items():
        behind = f", behind {', '.join(others)}" if others else ""
        yield "Waits for", printable(f"{lock}{behind}")
    for name, key in (("Started", "startedAt"), ("Finished", "finishedAt")):
        if status.get(key):
            yield name, str(status[key])
    if status.get("startedAt"):
        yield "Duration", _between(status["startedAt"], status.get("finishedAt"), now)
    if status.get("progress"):
        yield "Progress", str(status["progress"])
    if parameters_of(workflow) != "-":
        yield "Parameters", parameters_of(workflow)


def _outputs(workflow: Object) -> Iterator[str]:
    """Yield the outputs of the whole workflow: exported ones, else those of its root."""
    name = str(workflow["metadata"]["name"])
    root = lookup(workflow, "status", "nodes", name, "outputs", default={})
    exported = lookup(workflow, "status", "outputs", default={})
    listed = [*(root.get("parameters") or ()), *(exported.get("parameters") or ())]
    found = {str(one["name"]): one.get("value") for one in listed if one.get("value") is not None}
    if found:
        yield "\nOutputs:\n"
        for key, value in found.items():
            yield f"  {key}: {_short(printable(str(value)))}\n"


def _branch(one: Nested, now: datetime, style: Style, columns: int) -> Branch:
    inner = columns - _INDENT
    members = [_branch(member, now, style, inner) for member in one.members]
    return Branch(node_line(one.node, now, style, columns), members)


_INDENT: Final = 3
"""Columns by which a branch of a tree stands further in than what it hangs on."""


def node_line(node: Object, now: datetime, style: Style = PLAIN, columns: int = WHOLE) -> str:
    """Return a node on one line: sign, name, template, duration, message."""
    sign, plain, looks = _looks(str(node["phase"]))
    template = lookup(node, "templateRef", "template") or node.get("templateName")
    facts = [str(template)] if template and node["type"] not in _QUIET else []
    painted = [style.paint(one, "faint") for one in facts]
    if node.get("startedAt") and node["phase"] not in ("Skipped", "Omitted"):
        facts.append(_between(node["startedAt"], node.get("finishedAt"), now))
        painted.append(facts[-1])
    room = columns - sum(width_of(one) + 2 for one in facts) - _INDENT
    name = printable(str(node.get("displayName") or node["name"]))
    parts = [
        style.paint(sign if style.unicode else plain, *looks),
        shortened(name, max(room, _LEAST)),
        *painted,
    ]
    said = node.get("message") or _asked(node)
    if said:
        parts.append(style.paint(_short(printable(str(said))), *looks))
    return "  ".join(parts)


def _asked(node: Object) -> str:
    """Return what people are asked for by a node that waits for them."""
    if node["type"] != NodeType.SUSPEND or is_fulfilled(node):
        return ""
    asked = [assigned(one.name, one.choices) for one in questions_of(node)]
    return f"asks for {', '.join(asked)}" if asked else ""


def change_lines(before: Object | None, after: Object) -> list[str]:
    """Return a line for each node that has another phase now, and for the workflow itself.

    A node that waits is told of again where it says why. This is the log where nobody looks at
    a terminal: lines are only added.
    """
    known: Object = lookup(before, "status", "nodes", default={})
    nodes: Object = lookup(after, "status", "nodes", default={})
    name = str(after["metadata"]["name"])
    changed = [
        node
        for node in nodes.values()
        if node["type"] not in _QUIET and _is_news(known, node, whole=node["name"] == name)
    ]
    lines = [f"{name}: {_told(node)}" for node in in_order(changed, nodes)]
    phase = str(lookup(after, "status", "phase", default=""))
    if not phase or phase == lookup(before, "status", "phase"):
        return lines
    message = lookup(after, "status", "message")
    own = f"{name}: {phase}" + (f": {printable(str(message))}" if message else "")
    return [own, *lines] if phase in ("Pending", "Running") else [*lines, own]


def _is_news(known: Object, node: Object, *, whole: bool) -> bool:
    """Tell whether a node has another phase now, or says what it waits for.

    Of the one that is the ``whole`` workflow only the latter: the workflow itself tells phases.
    """
    before = known.get(node["id"]) or {}
    if before.get("phase") != node["phase"] and not whole:
        return True
    told, message = before.get("message"), node.get("message")
    match node["phase"]:
        case "Pending":
            return bool(message) and told != message
        case "Running":
            return bool(message) and not told
    return False


def _told(node: Object) -> str:
    name = printable(str(node.get("displayName") or node["name"]))
    duration = ""
    if node.get("finishedAt") and node["phase"] in ("Succeeded", "Failed", "Error"):
        lasted = parse_time(node["finishedAt"]) - parse_time(node["startedAt"])
        duration = f" after {_duration(lasted)}"
    message = f": {_short(printable(str(node['message'])))}" if node.get("message") else ""
    return f"{name} {node['phase']}{duration}{message}"


def _looks(phase: str) -> tuple[str, str, tuple[str, ...]]:
    return _LOOKS.get(phase, ("?", "?", ()))


def _between(start: object, end: object, now: datetime) -> str:
    if not start:
        return "-"
    last = parse_time(str(end)) if end else now
    return _duration(last - parse_time(str(start)))


def _duration(lasted: timedelta) -> str:
    """Return a duration as people say it, in its two largest units.

    >>> _duration(timedelta(seconds=3725))
    '1h2m'
    """
    seconds = max(int(lasted / timedelta(seconds=1)), 0)
    units = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
    parts = []
    for size, unit in units:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts[:2]) or "0s"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def with_lines(texts: Sequence[str], height: int, width: int) -> list[str]:
    """Return the lines of texts as a terminal holds them: not too many, and none too wide."""
    lines = [line for text in texts for line in text.splitlines()]
    if len(lines) > height:
        lines = [*lines[: height - 1], f"... {len(lines) - height + 1} more lines"]
    return [_cut(line, width) for line in lines]


def shown_width(line: str) -> int:
    """Return how many columns a line takes; escape sequences take none."""
    return width_of(_ESCAPE.sub("", line))


def _cut(line: str, width: int) -> str:
    """Return a line cut to a width; escape sequences take no room."""
    if shown_width(line) <= width:
        return line
    kept, room = "", width
    for place, part in enumerate(_ESCAPE.split(line)):
        if place % 2:
            kept += part
            continue
        begun = beginning(part, room)
        kept += begun
        if begun != part:
            break
        room -= width_of(part)
    return f"{kept}\x1b[0m" if "\x1b" in line else kept
