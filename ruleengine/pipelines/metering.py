"""Metrics that workflows and templates state (reference, Workflows 20).

A metric is told once, when what states it has come to its end, or is ready where it is a daemon:
that is a standing request which is read in that one decision, so that nothing is told while a run
is planned. Its ``of`` says of
what run of what node it is told, and makes a repetition harmless. A gauge in real time is there
for as long as what states it runs, and whoever reads it works out how long that is by now.

What cannot be told is the condition ``MetricsError``, and changes nothing else.
"""

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.decisions import Request
from ruleengine.model.names import RETRIES
from ruleengine.model.times import format_time, parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import leaves, naming
from ruleengine.pipelines.conditions import holds
from ruleengine.pipelines.phases import COMPLETED, NodeType, Phase, is_completed, is_over
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.substituting import substitute, tags_of
from ruleengine.pipelines.texts import as_text
from ruleengine.pipelines.tree import DURATIONS, is_attempt
from ruleengine.pipelines.variables import Variables, input_variables

if TYPE_CHECKING:
    from ruleengine.pipelines.machine import Machine

METRICS: Final = "metrics"
"""The kind of request that tells metrics."""

LIVE_METRICS: Final = "live-metrics"
"""The kind of request that shows gauges for as long as it is read."""

KINDS: Final = ("gauge", "counter", "histogram")
_NAME: Final = re.compile("[a-zA-Z0-9_]+")
_BESIDE: Final = frozenset({NodeType.CONTAINER, NodeType.SKIPPED, NodeType.TASK_GROUP})
"""Types of nodes that tell no metrics of the template that they name: it does not run for them."""

_LABEL: Final = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")
_OPERATIONS: Final = ("Set", "Add", "Sub")


class Metering:
    """The metrics of one workflow during one decision."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self._seen: dict[str, tuple[Object, Variables]] = {}
        self._problems: list[str] = []

    @property
    def condition(self) -> Object | None:
        """The condition that says what is wrong with metrics, where something is."""
        if not self._problems:
            return None
        return {"type": "MetricsError", "status": "True", "message": "; ".join(self._problems)}

    def look(self, node: Object, template: Object, local: Variables) -> None:
        """Note a node that is looked after, and show its gauges in real time.

        ``local`` are the variables that only this node sees.
        """
        stated = _stated(template)
        self._seen[node["id"]] = template, local
        if stated and node["type"] != NodeType.RETRY and not is_over(node):
            started = str(node["startedAt"])
            since = {"{{duration}}": started, "{{workflow.duration}}": self._started}
            self._show(stated, node["id"], since, self._variables(node, local))

    def tell(self) -> None:
        """Tell the metrics of all nodes that were fulfilled in this decision, having run."""
        for node in self._machine.tree.fulfilled:
            if not is_attempt(node):
                self._tell_node(node)
        for node in self._machine.tree.begun:
            if is_attempt(node):
                self._tell_earlier_attempt(node)

    def tell_workflow(self, root: Object | None, phase: Phase) -> None:
        """Show the gauges of the workflow in real time; at its end tell its metrics.

        ``phase`` is the workflow's own: an exit handler may have made it worse than its root's.
        """
        machine = self._machine
        stated = _stated(machine.spec)
        if not stated or root is None:
            return
        if phase not in COMPLETED:
            since = {"{{workflow.duration}}": self._started}
            self._show(stated, "", since, machine.globals)
            return
        ended = {
            **root,
            "phase": str(phase),
            "startedAt": self._started,
            "finishedAt": None,
            DURATIONS: machine.tree.tally.used,
        }
        known = {**machine.globals, "workflow.status": str(phase)}
        self._tell(stated, "", {**known, **self._scope(ended)})

    def _tell_node(self, node: Object) -> None:
        known = self._seen.get(node["id"]) or self._found(node)
        stated = _stated(known[0]) if known else []
        if known and stated:
            variables = {**self._variables(node, known[1]), **self._scope(node)}
            self._tell(stated, node["id"], variables)

    @property
    def _started(self) -> str:
        return format_time(self._machine.started)

    def _variables(self, node: Object, local: Variables) -> dict[str, Any]:
        return {
            **self._machine.globals,
            "node.name": node["name"],
            "pod.name": leaves.pod_target(self._machine, node).name,
            **local,
            **input_variables(node.get("inputs") or {}, {}),
        }

    def _tell_earlier_attempt(self, node: Object) -> None:
        """Tell the metrics of the attempt before one that begins; those of the last its parent."""
        name, number = naming.attempt_of(node["name"])
        before = self._machine.tree.find(naming.attempt_name(name, number - 1))
        if before is not None and is_completed(before):
            self._tell_node(before)

    def _found(self, node: Object) -> tuple[Object, Variables] | None:
        """Return the template of a node that was ended without being looked after."""
        step = {
            key: node[field]
            for key, field in (("templateRef", "templateRef"), ("template", "templateName"))
            if node.get(field)
        }
        if not step or node["type"] in _BESIDE:
            return None
        try:
            scope = str(node.get("templateScope"))
            return self._machine.definitions.find(step, scope).template, {}
        except NodeError:
            return None

    def _tell(self, stated: list[Object], of: str, variables: Variables) -> None:
        told = []
        for one in stated:
            try:
                if _is_live(one) or not _holds(one, variables):
                    continue
                told.append(_made(one, variables))
            except NodeError as error:
                self._wrong(one, error)
        if told:
            payload: Object = {"of": self._identity(of), "metrics": told}
            self._read(Request(kind=METRICS, payload=payload, standing=True))

    def _show(
        self, stated: list[Object], of: str, since: Mapping[str, str], variables: Variables
    ) -> None:
        shown = []
        for one in stated:
            try:
                if _is_live(one) and _holds(one, variables):
                    shown.append({**_named(one, variables), "since": _since(one, since)})
            except NodeError as error:
                self._wrong(one, error)
        if shown:
            payload: Object = {"of": self._identity(of), "metrics": shown}
            self._read(Request(kind=LIVE_METRICS, payload=payload, standing=True))

    def _read(self, request: Request) -> None:
        """Have a request performed, and read, for without a reader it is over."""
        if self._machine.world.answer(request) is None:
            self._machine.requests.append(request)

    def _identity(self, of: str) -> str:
        metadata = self._machine.value["metadata"]
        retries = lookup(metadata, "annotations", RETRIES, default="0")
        return f"{metadata.get('uid', '')}/{of}/{retries}"

    def _wrong(self, metric: Object, error: NodeError) -> None:
        self._problems.append(f"metric '{metric.get('name')}': {error}")

    def _scope(self, node: Object) -> dict[str, Any]:
        """Return the variables of what has come to its end."""
        ended = parse_time(node["finishedAt"]) if node.get("finishedAt") else self._machine.now
        lasted = (ended - parse_time(node["startedAt"])) / timedelta(seconds=1)
        outputs = node.get("outputs") or {}
        attempts = [one for one in self._machine.tree.children(node) if is_attempt(one)]
        last = attempts[-1] if attempts else node
        found = {
            "status": node["phase"],
            "duration": f"{lasted:f}",
            "retries": str(max(len(attempts) - 1, 0)),
        }
        code = lookup(last, "outputs", "exitCode")
        if code is not None:
            found["exitCode"] = str(code)
        if outputs.get("result") is not None:
            found["outputs.result"] = str(outputs["result"])
        for one in outputs.get("parameters") or ():
            if one.get("value") is not None:
                found[f"outputs.parameters.{one['name']}"] = as_text(one["value"])
        for name, seconds in (node.get(DURATIONS) or {}).items():
            found[f"{DURATIONS}.{name}"] = str(seconds)
        return found


def _stated(owner: Object) -> list[Object]:
    return list(lookup(owner, "metrics", "prometheus", default=()) if "metrics" in owner else ())


def _is_live(metric: Object) -> bool:
    return bool(lookup(metric, "gauge", "realtime"))


def _since(metric: Object, since: Mapping[str, str]) -> str:
    """Return since when a gauge in real time counts. Raises ``NodeError`` for all but time."""
    value = str(lookup(metric, "gauge", "value", default="")).replace(" ", "")
    if value not in since:
        raise NodeError(f"in real time only a duration is known: write {' or '.join(since)}")
    return since[value]


def _holds(metric: Object, variables: Variables) -> bool:
    text = metric.get("when")
    return not text or holds(_text(text, variables))


def _text(value: object, variables: Variables) -> str:
    """Return a text with its tags replaced. Raises ``NodeError`` where one has no value."""
    found = as_text(substitute(value, variables))
    left = tags_of(found)
    if left:
        raise NodeError(f"there is no value for {{{{{left[0]}}}}}")
    return found


def _named(metric: Object, variables: Variables) -> Object:
    """Return the name, help and labels of a metric. Raises ``NodeError`` for wrong ones."""
    name, told = str(metric.get("name") or ""), str(metric.get("help") or "")
    if not _NAME.fullmatch(name):
        raise NodeError("its name has to be made of letters, digits and underscores")
    if not told:
        raise NodeError("it has no help, which Prometheus asks for")
    labels: dict[str, str] = {}
    for one in metric.get("labels") or ():
        key = str(one.get("key") or "")
        if not _LABEL.fullmatch(key):
            raise NodeError(f"the label '{key}' is none: letters, digits and underscores only")
        labels[key] = _text(one.get("value", ""), variables)
    return {"name": name, "help": told, "labels": labels}


def _made(metric: Object, variables: Variables) -> Object:
    """Return a metric as it is told. Raises ``NodeError``."""
    kinds = [kind for kind in KINDS if metric.get(kind) is not None]
    if len(kinds) != 1:
        raise NodeError(f"it has to be one of {', '.join(KINDS)}")
    (kind,) = kinds
    stated = metric[kind]
    made: Object = {
        **_named(metric, variables),
        "kind": kind,
        "value": _number(_text(stated.get("value", ""), variables)),
    }
    if kind == "counter" and made["value"] < 0:
        raise NodeError(f"a counter only grows, and not by {made['value']}")
    if kind == "histogram":
        made["buckets"] = sorted({_number(str(one)) for one in stated.get("buckets") or ()})
        if not made["buckets"]:
            raise NodeError("a histogram needs buckets")
    if kind == "gauge":
        made["operation"] = str(stated.get("operation") or "Set")
        if made["operation"] not in _OPERATIONS:
            raise NodeError(f"its operation is none of {', '.join(_OPERATIONS)}")
    return made


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError as error:
        raise NodeError(f"its value {dumps(text)} is no number") from error
    if not math.isfinite(found):
        raise NodeError(f"its value {dumps(text)} is no number that could be told")
    return found
