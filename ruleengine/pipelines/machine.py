"""The machine: what is known and decided about one workflow during one decision.

``run`` brings one node a step on: it begins it where it does not exist yet, and looks after it
where it does. What kind of template it is decides who knows how (:mod:`.steps`, :mod:`.graph_runs`,
:mod:`.retrying`, :mod:`.leaves`, :mod:`.suspending`); these come back here for their children.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

from ruleengine.model.actions import Action, Target
from ruleengine.model.decisions import Request, World
from ruleengine.model.names import RETRIES
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines import (
    container_sets,
    early_ends,
    estimating,
    graph_runs,
    hooking,
    leaves,
    locking,
    memoizing,
    metering,
    naming,
    pod_turns,
    retrying,
    steps,
    suspending,
    usage,
)
from ruleengine.pipelines.arguments import bind, parameter_of
from ruleengine.pipelines.beginning import with_claims
from ruleengine.pipelines.definitions import Definitions, Found, template_told
from ruleengine.pipelines.memory import Memory
from ruleengine.pipelines.outputs import exported
from ruleengine.pipelines.phases import TOO_DEEP, WITH_POD, NodeType, Phase, is_fulfilled
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.substituting import OF_LEAVES, OF_PARENTS, substitute
from ruleengine.pipelines.timing import seconds_of
from ruleengine.pipelines.tree import Tree
from ruleengine.pipelines.variables import exported_variables, input_variables, without_exports

_DEEPEST: Final = 100
"""How many templates may be called inside one another (reference, Workflows 1)."""

_NOTHING: Final[Object] = {}


class Call(NamedTuple):
    """A template to be run as the node called ``name``.

    ``step`` names the template: a step, a task or a hook whose tags are replaced. ``scope`` is
    where that name is looked up, ``local`` the variables that only this node sees. ``attempt``
    counts attempts under a node that retries, ``exiting`` is true for exit handlers, which run
    although the workflow was stopped. ``limit`` bounds how many nodes of the boundary may be on
    their way, and ``captures`` says whether somebody reads its standard output. ``ends`` is when
    its pods may be active no longer.
    """

    name: str
    step: Object
    scope: str
    arguments: Object = _NOTHING
    local: Mapping[str, str] = _NOTHING
    boundary: str = ""
    hooked: bool = False
    exiting: bool = False
    attempt: int | None = None
    depth: int = 0
    limit: int = 0
    captures: bool = False
    ends: datetime | None = None

    def of_container(self, name: str, pod: str) -> "Call":
        """Return the call of one container of the pod that this is the call of."""
        return Call(name=name, step=self.step, scope=self.scope, boundary=pod, exiting=self.exiting)


class Machine:
    """One workflow during one decision. ``memo`` only makes the next decision cheaper.

    ``daemons`` are tried again when they end, by the ids of their boundaries; ``asks`` are the
    shown names of the nodes that wait for somebody to resume them.
    """

    def __init__(
        self,
        value: Object,
        definitions: Definitions,
        world: World,
        now: datetime,
        memo: dict[str, Any],
    ) -> None:
        self.value = value
        self.definitions = definitions
        self.spec = with_claims(definitions.spec, value["metadata"]["name"])
        self.world = world
        self.now = now
        self.memo = memo
        self.memory = Memory(memo)
        self.moment = format_time(now)
        self.pods: dict[str, Target] = {}
        self.name: str = value["metadata"]["name"]
        self.namespace: str = value["metadata"].get("namespace", "")
        self._observed: Object = lookup(value, "status", "nodes", default={})
        self.tree = Tree(self.name, self._observed, memo.get("tally"))
        memo["tally"] = self.tree.tally
        self.started = now
        self.outputs: Object = dict(lookup(value, "status", "outputs", default={}))
        self.parameters: list[Object] = []
        self.globals: dict[str, Any] = {}
        self.actions: list[Action] = []
        self.requests: list[Request] = []
        self.wakes: list[tuple[datetime, str]] = []
        self.asks: list[str] = []
        self.awaited: list[Target] = []
        self.daemons: dict[str, list[Object]] = {}
        self.locks = locking.Locks(self)
        self.metering = metering.Metering(self)
        self.turns = pod_turns.Turns(self)

    @cached_property
    def retries(self) -> str:
        """Which run of the workflow this is, that may have been retried."""
        return str(lookup(self.value, "metadata", "annotations", RETRIES, default=""))

    @property
    def stopped(self) -> str:
        """How the workflow was told to shut down; empty where it was not."""
        return str(self.spec.get("shutdown") or "")

    @property
    def deadline(self) -> datetime | None:
        """When the workflow's time is over."""
        seconds = self.spec.get("activeDeadlineSeconds")
        if seconds is None:
            return None
        return self.started + seconds_of(seconds)

    @cached_property
    def ending(self) -> str:
        """Why nothing new begins any more, exit handlers aside; empty where things go on."""
        if self.stopped:
            return f"Stopped with strategy '{self.stopped}'"
        deadline = self.deadline
        return early_ends.TIMED_OUT if deadline is not None and self.now >= deadline else ""

    def pod_of(self, node: Object) -> Object | None:
        """Return the pod of a node, if it has one."""
        return leaves.pod_of(self, node)

    def ends_by(self, call: Call) -> datetime | None:
        """Return when a pod has to be over, where something bounds that."""
        ends = [one for one in (None if call.exiting else self.deadline, call.ends) if one]
        return min(ends, default=None)

    def seconds_left(self, call: Call) -> int | None:
        """Return for how many seconds a pod may be active, where something bounds that."""
        end = self.ends_by(call)
        return None if end is None else max(int((end - self.now) / timedelta(seconds=1)), 1)

    def read_key(self, name: str, key: str) -> str:
        """Return the value of a key of a ConfigMap that is meant for parameters.

        Both names may hold tags of what the whole workflow knows. Raises ``NodeError``.
        """
        name, key = substitute([name, key], self.globals)
        return parameter_of(self.world, self.namespace, name, key)

    def run(self, call: Call) -> Object | None:
        """Bring a node a step on; ``None`` where it may not begin yet."""
        node = self.tree.find(call.name)
        if node is not None and is_fulfilled(node):
            return node
        try:
            if node is None:
                return self._begin(call)
            return leaves.as_before(self, node) or self.go_on(node, call)
        except NodeError as error:
            found = self.tree.find(call.name) or self.add_node(call, NodeType.SKIPPED)
            if found["type"] not in WITH_POD:
                return self.end(found, Phase.ERROR, str(error))
            container_sets.end_all(self, found, Phase.ERROR, str(error))
            return early_ends.kill(self, found, self.pod_of(found), Phase.ERROR, str(error))

    def add_node(self, call: Call, kind: NodeType) -> Object:
        """Add the node of a call; nothing runs for it yet."""
        boundary = self.tree.get(call.boundary) if call.boundary else None
        node: Object = {
            "id": self.tree.id_of(call.name),
            "name": call.name,
            "displayName": naming.display_name(call.name, boundary["name"] if boundary else ""),
            "type": str(kind),
            "phase": str(Phase.RUNNING),
            "startedAt": self.moment,
            "templateScope": call.scope,
        }
        if call.boundary:
            node["boundaryID"] = call.boundary
        if kind is not NodeType.STEP_GROUP:
            node |= template_told(call.step)
        estimated = estimating.estimate_node(self, call.name)
        if estimated is not None:
            node["estimatedDuration"] = estimated
        flags = {"hooked": call.hooked, "retried": call.attempt is not None}
        if any(flags.values()):
            node["nodeFlag"] = {key: True for key, value in flags.items() if value}
        return self.tree.put(node)

    def end(self, node: Object, phase: Phase, message: str = "", **fields: object) -> Object:
        """End a node with a phase, once what it made is kept where it asks for that."""
        outputs = fields.get("outputs")
        if phase is Phase.SUCCEEDED and not memoizing.is_kept(self, node, outputs):
            return node
        if isinstance(outputs, dict):
            self._export(outputs)
        ended = self.tree.update(
            node,
            phase=str(phase),
            message=message or None,
            finishedAt=self.moment,
            synchronizationStatus=None,
            resourcesDuration=usage.used(self, node) or None,
            **fields,
        )
        if node.get("daemoned") and node["type"] in WITH_POD:
            usage.add_late(self.tree, ended)
        return ended

    def _export(self, outputs: Object) -> None:
        """Note the outputs of a node that the whole workflow can see."""
        made = exported(outputs, self.outputs)
        if made is not self.outputs:
            self.outputs, self.globals = made, {**self.globals, **exported_variables(made)}

    def only_tells(self, call: Call) -> bool:
        """Tell whether nothing runs for a call: its node says why (reference, Workflows 13)."""
        return bool(self.ending) and not call.exiting

    def wake(self, moment: datetime, why: str) -> None:
        """Ask to be decided again at a time, and say what is then."""
        self.wakes.append((moment, why))

    def is_held_back(self, call: Call) -> bool:
        """Tell whether no new node may begin now."""
        if call.exiting:
            return False
        if self.spec.get("suspend") and not self.ending:
            return True
        return bool(call.limit and self.tree.count_active(call.boundary) >= call.limit)

    def has_room(self) -> bool:
        """Tell whether the limits of the workflow, and of all together, allow one more pod."""
        limit = int(self.spec.get("parallelism") or 0)
        if limit and self.tree.count_active() >= limit:
            return False
        return self.turns.has_room()

    def _begin(self, call: Call) -> Object | None:
        if self.is_held_back(call):
            return None
        if call.depth > _DEEPEST:
            raise NodeError(TOO_DEEP)
        found = self.definitions.find(call.step, call.scope)
        if not self.has_room_for(call, leaf=leaves.is_leaf(found.template)):
            return None
        inputs = bind(found.template, call.arguments, self.read_key)
        template = self.prepared(call, found, inputs)
        kind = leaves.kind_of(template, retried=call.attempt is None)
        node = self.add_node(call, kind)
        shown = naming.shown_as(template)
        if template.get("inputs") or shown:
            name = shown or node["displayName"]
            node = self.tree.update(node, inputs=template.get("inputs"), displayName=name)
        return self._look_after(node, template, found.scope, call)

    def go_on(self, node: Object, call: Call) -> Object:
        """Bring a node on that has begun. Raises ``NodeError``."""
        step = call.step
        if node.get("templateRef"):
            step = {"templateRef": node["templateRef"]}
        elif node.get("templateName"):
            step = {"template": node["templateName"]}
        found = self.definitions.find(step, call.scope)
        template = self.prepared(call, found, node.get("inputs") or {})
        return self._look_after(node, template, found.scope, call._replace(step=step))

    def go_on_daemon(self, node: Object, call: Call) -> None:
        """Bring on a daemon that is tried again; the step that it was begun for is over."""
        try:
            self.go_on(node, call)
        except NodeError as error:
            self.end(node, Phase.ERROR, str(error), daemoned=None)

    def prepared(self, call: Call, found: Found, inputs: Object) -> Object:
        """Return a template with its inputs bound and the tags replaced that are known."""

        def make() -> Object:
            if not inputs and not self.memory.has_tags(found.template):
                return found.template
            template = {**found.template, "inputs": inputs} if inputs else {**found.template}
            metrics = template.pop("metrics", None)  # what they tell is known at the end only
            holds = {"steps", "dag"} & template.keys()
            known = without_exports(self.globals) if holds else self.globals
            local = {**known, **self._local(call, found)}
            policy = OF_PARENTS if holds else OF_LEAVES
            first = substitute(template, local, policy)
            variables = input_variables(first.get("inputs") or {}, first.get("outputs") or {})
            replaced: Object = substitute(first, {**local, **variables}, policy)
            return {**replaced, "metrics": metrics} if metrics else replaced

        prepared: Object = self.memory.remember("prepared", call.name, found.template, make)
        return prepared

    def observed(self, name: str) -> Object | None:
        """Return the node with a name as it was before this decision."""
        return self._observed.get(self.tree.id_of(name))

    def is_observed_over(self, name: str, hooks: Iterable[str]) -> bool:
        """Tell whether a node was over before this decision, its hooks (by name) as well."""
        node = self.observed(name)
        if node is None or not is_fulfilled(node):
            return False
        found = (self.observed(hooking.hook_name(name, one)) for one in hooks)
        return all(node is not None and is_fulfilled(node) for node in found)

    def has_room_for(self, call: Call, *, leaf: bool) -> bool:
        """Tell whether one more node may begin that is called like this, with a pod or without."""
        if self.is_held_back(call):
            return False
        return not leaf or call.exiting or self.has_room()

    def is_leaf(self, step: Object, scope: str) -> bool:
        """Tell whether a pod runs for what a step or task names."""
        try:
            return leaves.is_leaf(self.definitions.find(step, scope).template)
        except NodeError:
            return False

    def declared_outputs(self, step: Object, scope: str) -> Object:
        """Return the outputs that the template of a step or task declares."""
        try:
            return self.definitions.find(step, scope).template.get("outputs") or {}
        except NodeError:
            return {}

    def skip(self, call: Call, message: str, phase: Phase = Phase.SKIPPED) -> Object:
        """Return the node of a call that does not run, and says why."""
        found = self.tree.find(call.name)
        return found or self.end(self.add_node(call, NodeType.SKIPPED), phase, message)

    def _local(self, call: Call, found: Found) -> dict[str, Any]:
        local: dict[str, Any] = {"node.name": call.name, **call.local}
        if leaves.is_leaf(found.template):
            local["pod.name"] = naming.pod_name(self.name, call.name, found.name)
        return local

    def _look_after(self, node: Object, template: Object, scope: str, call: Call) -> Object:
        self.metering.look(node, template, call.local)
        held_up = locking.hold_up(self, node, template, call)
        if held_up is not None:
            return held_up
        node = self.tree.find(call.name) or node
        if call.attempt is None:
            recalled = memoizing.recall(self, node, template)
            if recalled is not None:
                return recalled
        else:
            memoizing.note(self, node, template)
        return self._by_type(self.tree.find(call.name) or node, template, scope, call)

    def _by_type(self, node: Object, template: Object, scope: str, call: Call) -> Object:
        match node["type"]:
            case NodeType.POD | NodeType.HTTP | NodeType.PLUGIN:
                return leaves.go_on(self, node, template, call)
            case NodeType.RETRY:
                return retrying.go_on(self, node, template, call)
            case NodeType.SUSPEND:
                return suspending.go_on(self, node, template, call)
        inner = call._replace(scope=scope, depth=call.depth + 1)
        match node["type"]:
            case NodeType.STEPS:
                return steps.go_on(self, node, template, inner)
            case NodeType.DAG:
                return graph_runs.go_on(self, node, template, inner)
        return node

    def fail_fast(self, node: Object, template: Object) -> bool:
        """Tell whether a template gives up because something of its node went wrong."""
        return bool(template.get("failFast")) and self.tree.count_wrong(node["id"]) > 0
