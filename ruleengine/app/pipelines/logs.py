"""Logs of the steps of workflows: of all that have a pod, in order, or as they are written."""

import math
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from ruleengine.app.pipelines import finding
from ruleengine.app.pipelines.artifacts import fetch
from ruleengine.app.pipelines.places import Place
from ruleengine.app.pipelines.silence import Note, Silence, has_not_begun, reasons_in
from ruleengine.cluster.errors import ApiError, BadRequestError, NotFoundError
from ruleengine.model.actions import Target
from ruleengine.model.errors import (
    FailedError,
    RuleEngineError,
    StoreError,
    UnreachableError,
    UsageError,
)
from ruleengine.model.suggestions import some_of
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.observing import MAIN
from ruleengine.pipelines.phases import NodeType, is_fulfilled
from ruleengine.pipelines.verbs.artifacts import artifacts_in
from ruleengine.pipelines.verbs.nesting import in_order
from ruleengine.pipelines.verbs.outlook import is_over
from ruleengine.pipelines.verbs.retrying import pod_of
from ruleengine.pipelines.verbs.selecting import NodeSelector

_PAUSE: Final = 0.2
"""Seconds between two looks at which steps there are."""

_ORDERLY: Final = 1.0
"""Seconds for which the log of a step that is over holds up those of the steps after it."""

_AGAIN: Final = 1.0
"""Seconds until a log is asked for anew that a server did not give."""

_SERVER: Final = 500
"""From this status on a server, or the machine that it asks, is at fault."""

Tell = Callable[["Line"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line that a step wrote; ``step`` is the name it is shown under."""

    step: str
    pod: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Which logs are read, and how much of them. Raises ``UsageError`` for a pattern that is none.

    ``pattern`` keeps the lines in which it is found, ``labels`` is what selects pods, as Kubernetes
    writes it. ``step`` is a node by name, display name, id or pod.
    """

    step: str = ""
    selector: NodeSelector = field(default_factory=NodeSelector)
    labels: str = ""
    container: str = MAIN
    tail: int | None = None
    since: timedelta | None = None
    timestamps: bool = False
    previous: bool = False
    pattern: re.Pattern[str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """What of it the API server understands."""
        words = {
            "tailLines": "" if self.tail is None else str(self.tail),
            "sinceSeconds": "" if self.since is None else str(_seconds(self.since)),
            "timestamps": "true" if self.timestamps else "",
            "previous": "true" if self.previous else "",
        }
        return {name: text for name, text in words.items() if text}

    def takes(self, node: Object, workflow: str) -> bool:
        """Tell whether the log of a node is read."""
        if node["type"] != NodeType.POD or not self.selector.matches(node):
            return False
        names = (node["name"], node.get("displayName"), node["id"], pod_of(workflow, node))
        return not self.step or self.step in names


def _seconds(since: timedelta) -> int:
    """Return whole seconds, and one at least: the API server takes no fewer."""
    return max(-(-since // timedelta(seconds=1)), 1)


def pattern_of(text: str) -> re.Pattern[str] | None:
    """Return the pattern that a text is; none for an empty one. Raises ``UsageError``."""
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise UsageError(f"{text!r} is no pattern: {error}", "write a regular expression") from None


def read(place: Place, workflow: Object, reading: Reading, tell: Tell) -> list[str]:
    """Tell the logs of a workflow's steps, one after another; return what could not be read.

    Raises ``UsageError`` where a step is named that there is not.
    """
    name = str(workflow["metadata"]["name"])
    nodes = _nodes(place, workflow, reading)
    if not nodes and (reading.step or reading.selector or reading.labels):
        known = [str(one["displayName"]) for one in _nodes(place, workflow, Reading())]
        raise UsageError(
            f"the workflow {name} has no such step with a pod",
            f"its steps: {some_of(known)}",
        )
    problems = [_read_now(place, workflow, one, reading, tell) for one in nodes]
    return [one for one in problems if one]


def _read_now(place: Place, workflow: Object, node: Object, reading: Reading, tell: Tell) -> str:
    """Tell the lines that a step has written; return why that could not be done, if so."""
    early = has_not_begun(node) if reading.container == MAIN else ""
    try:
        return early or _read_one(place, workflow, node, reading, tell, follow=False)
    except ApiError as error:
        if error.status < _SERVER:
            raise
        return _unreadable(node, error)


def _unreadable(node: Object, error: ApiError | UnreachableError) -> str:
    """Return what is told of a log that the machine of its step does not give, say."""
    return (
        f"{node['displayName']}: its log cannot be read now: {error.message}; "
        "`pipeline get` tells what becomes of the step"
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """How following ends: ``soon`` after one more look at which steps there are, or ``now``."""

    soon: threading.Event = field(default_factory=threading.Event)
    now: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class _Troubles:
    """What could not be read, and why nothing more can be told, from the threads that read.

    ``again`` says when a log is asked for anew of which nothing could be read, by its step.
    """

    unread: dict[str, str] = field(default_factory=dict)
    untold: list[OSError] = field(default_factory=list)
    again: dict[str, float] = field(default_factory=dict)

    def is_due(self, key: str) -> bool:
        """Tell once whether a log is to be asked for anew."""
        due = self.again.get(key, math.inf) <= time.monotonic()
        return due and self.again.pop(key) is not None


def follow(
    place: Place,
    target: Target,
    reading: Reading,
    tell: Tell,
    ending: Ending,
    note: Note = lambda _: None,
) -> tuple[list[str], bool]:
    """Tell the logs of a workflow's steps as they are written, until it is over or told to end.

    Each step is read in a thread of its own; what is over is told to its end before anything that
    begins later. ``note`` is told why nothing comes, where that is so for a while. Returns what
    could not be read, and whether the workflow was deleted meanwhile. Raises the ``OSError`` with
    which ``tell`` could take no more.
    """
    begun: dict[str, threading.Thread] = {}
    ordered: set[str] = set()
    troubles, silence = _Troubles(), Silence(note)
    gone = False
    while not (ending.now.is_set() or troubles.untold):
        soon = ending.soon.is_set()
        workflow = place.client.get(target)
        gone = workflow is None
        if workflow is None:
            break
        workflow = place.packing.unpack(workflow)
        nodes = _nodes(place, workflow, reading)
        silence.look([*reasons_in(workflow, nodes), *troubles.unread.values()])
        begins = [one for one in nodes if _has_begun(one)]
        for node in sorted(begins, key=_is_under_way):
            key = _key(node)
            if key not in begun or troubles.is_due(key):
                begun[key] = _begin(place, workflow, node, reading, tell, troubles)
            if key not in ordered and not _is_under_way(node):
                ordered.add(key)
                _await(begun[key], ending, troubles, _ORDERLY)
        if soon or is_over(workflow):
            break
        ending.soon.wait(_PAUSE)
    for thread in begun.values():
        _await(thread, ending, troubles)
    for error in troubles.untold:
        raise error
    return [*troubles.unread.values()], gone


def _key(node: Object) -> str:
    """Return what tells a run of a step from others of it."""
    return f"{node['id']} {node.get('startedAt')}"


def _has_begun(node: Object) -> bool:
    return node["phase"] == "Running" or is_fulfilled(node)


def _is_under_way(node: Object) -> bool:
    return not is_fulfilled(node)


def _await(
    thread: threading.Thread, ending: Ending, troubles: _Troubles, patience: float = math.inf
) -> None:
    """Wait until a log is told to its end, or for so many seconds; not where that is in vain."""
    end = time.monotonic() + patience
    while thread.is_alive() and not (ending.now.is_set() or troubles.untold):
        thread.join(_PAUSE)
        if time.monotonic() > end:
            return


def _begin(
    place: Place,
    workflow: Object,
    node: Object,
    reading: Reading,
    tell: Tell,
    troubles: _Troubles,
) -> threading.Thread:
    key = _key(node)
    told = threading.Event()

    def telling(line: Line) -> None:
        told.set()
        tell(line)

    def run() -> None:
        try:
            under_way = _is_under_way(node)
            problem = _read_one(place, workflow, node, reading, telling, follow=under_way)
        except (ApiError, UnreachableError) as error:
            problem = _unreadable(node, error)
            if not told.is_set():
                troubles.again[key] = time.monotonic() + _AGAIN
        except OSError as error:
            troubles.untold.append(error)
            return
        if problem:
            troubles.unread[key] = problem
        else:
            troubles.unread.pop(key, None)

    thread = threading.Thread(target=run, name=f"log of {node['displayName']}", daemon=True)
    thread.start()
    return thread


@contextmanager
def following(
    place: Place, targets: Sequence[Target], tell: Tell, cancel: threading.Event
) -> Iterator[None]:
    """Tell the logs of workflows while something else goes on; the rest of them at its end.

    Once ``cancel`` is set, nobody waits for the rest.
    """
    ending = Ending(now=cancel)

    def run(target: Target) -> None:
        try:
            follow(place, target, Reading(), tell, ending)
        except (RuleEngineError, OSError):
            return  # whoever follows the workflow itself, and prints, says so

    threads = [threading.Thread(target=run, args=(one,), daemon=True) for one in targets]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        ending.soon.set()
    end = time.monotonic() + _PATIENCE
    for one in threads:
        one.join(max(end - time.monotonic(), 0.0))


_PATIENCE: Final = 5.0
"""Seconds for which the rest of the logs is waited for."""


def _nodes(place: Place, workflow: Object, reading: Reading) -> list[Object]:
    name = str(workflow["metadata"]["name"])
    nodes: Object = lookup(workflow, "status", "nodes", default={})
    taken = [one for one in nodes.values() if reading.takes(one, name)]
    if reading.labels and taken:
        pods = finding.pods(place, workflow, reading.labels)
        taken = [one for one in taken if pod_of(name, one) in pods]
    return in_order(taken, nodes)


def _read_one(
    place: Place, workflow: Object, node: Object, reading: Reading, tell: Tell, *, follow: bool
) -> str:
    """Tell the lines of one step; return why that could not be done, if so."""
    metadata = workflow["metadata"]
    pod = pod_of(str(metadata["name"]), node)
    target = Target("v1", "Pod", str(metadata.get("namespace") or ""), pod)
    step = str(node["displayName"])

    def tell_all(chunks: Iterator[bytes]) -> None:
        for text in _lines(chunks):
            if reading.pattern is None or reading.pattern.search(text):
                tell(Line(step=step, pod=pod, text=text))

    try:
        tell_all(place.client.logs(target, reading.container, reading.query, follow=follow))
    except NotFoundError:
        return _read_kept(place, workflow, node, reading, tell_all)
    except BadRequestError as error:
        return f"{step}: {error.message}{_known_containers(place, target, reading.container)}"
    return ""


def _known_containers(place: Place, target: Target, wanted: str) -> str:
    """Return which containers a pod has, where it has not the one that is wanted."""
    pod = place.client.get(target)
    fields = ("containers", "initContainers")
    listed = [one for name in fields for one in lookup(pod, "spec", name, default=())]
    names = [str(one["name"]) for one in listed]
    return "" if wanted in names else f"; its containers: {', '.join(names)}"


def _read_kept(
    place: Place,
    workflow: Object,
    node: Object,
    reading: Reading,
    tell_all: Callable[[Iterator[bytes]], None],
) -> str:
    """Tell the log that was kept of a pod that is gone; return why not, if so.

    It is told whole: what was kept has no times.
    """
    wanted = f"{reading.container}-logs"
    found = [one for one in artifacts_in(node) if one.name == wanted and not one.is_deleted]
    if not found:
        return (
            f"{node['displayName']}: its pod is gone, and its log with it; "
            "archiveLogs: true keeps logs"
        )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "log")
        try:
            fetch(place, workflow, found[0], file)
        except FailedError as error:
            return error.message
        except (StoreError, UsageError) as error:  # it cannot be laid down here
            return f"{node['displayName']}: {error.message}"
        with file.open("rb") as stream:
            tell_all(iter(stream))
    return ""


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    if rest:
        yield rest.decode(errors="replace")
