"""The trigger that creates an object: ``k8s`` with create, ``argoWorkflow`` with submit.

The created object has a name that follows from the events that it was started by, so that
events that are delivered at least once start it once (reference, Events 12).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ruleengine.formats import json_text, yaml_reader
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.digests import derive_name
from ruleengine.model.events import StoredEvent
from ruleengine.model.names import (
    ARGO_API_VERSION,
    ARGO_TRIGGER_SENSOR,
    ARGO_TRIGGER_TIME,
    ARGO_TRIGGER_TRIGGER,
    ARGO_WORKFLOWS_INSTANCE,
    ENGINE,
    MANAGER,
    STARTED_BY,
    TRIGGERS_MANAGER,
)
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup
from ruleengine.triggers.parameters import Parameter, ParameterError, apply, read_parameters
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.values import mapping, text

KINDS: Final = ("k8s", "argoWorkflow")
"""The kinds of triggers that create objects, in the order in which Argo Events looks."""

_OPERATIONS: Final = {"k8s": ("create",), "argoWorkflow": ("submit",)}
_CLUSTER_WIDE: Final = frozenset(
    {"ClusterRole", "ClusterRoleBinding", "Namespace", "Node", "PersistentVolume"}
)
_NATIVE: Final = "native"

Events = Mapping[str, StoredEvent]
"""The events that a trigger fires with, by dependency."""


class FiringError(Exception):
    """Events from which no object can be made; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What is created: the object as it was written, and what of it events decide.

    A ``resource`` that is empty stands for one that is not honoured.
    """

    kind: str = ""
    resource: Object = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The template of a trigger, which events may change before it is read."""

    name: str
    value: Object = field(repr=False)
    where: str = ""
    parameters: tuple[Parameter, ...] = ()

    def creation(self) -> Creation:
        """Return what it creates as it is written. Raises ``WrongError``."""
        return _read(self.value, self.name, self.where)

    def creation_for(self, events: Events) -> Creation:
        """Return what it creates for some events. Raises ``FiringError``."""
        value = self.value
        if self.parameters:
            value = _applied(value, self.parameters, events)
        try:
            return _read(value, self.name, self.where)
        except WrongError as error:
            raise FiringError(str(error)) from error


def _read(template: Object, name: str, where: str) -> Creation:
    """Read the kind of a trigger that is honoured; another one is none. Raises ``WrongError``."""
    kind = next((one for one in KINDS if template.get(one) is not None), "")
    if not kind:
        return Creation()
    value, where = mapping(template, kind, where), f"{where}.{kind}"
    operation = text(value, "operation", where) or _OPERATIONS[kind][0]
    if operation not in _OPERATIONS[kind]:
        raise WrongError(f"{where}.operation: {operation} is not honoured yet")
    source = value.get("source")
    if not source:
        raise WrongError(f"template {name} is invalid, trigger source can't be nil")
    resource = _resource(mapping(value, "source", where), f"{where}.source")
    if resource is None:
        return Creation(kind=kind)
    target = Target.of(resource)
    if not (target.api_version and target.kind):
        raise WrongError(f"{where}.source must name apiVersion and kind of an object")
    place = f"trigger for template {name} is invalid, resource parameter"
    return Creation(kind=kind, resource=resource, parameters=read_parameters(value, place))


def _resource(source: Object, where: str) -> Object | None:
    """Return the object of a source; ``None`` for a source that is not honoured."""
    if source.get("inline") is not None:
        parsed = yaml_reader.read(text(source, "inline", where).encode(), where)
        if any(one.severity == "error" for one in parsed.findings) or not parsed.documents:
            raise WrongError(f"{where}.inline is no YAML document")
        found = parsed.documents[0].value
        if not isinstance(found, dict):
            raise WrongError(f"{where}.inline must be a map")
        return found
    if source.get("resource") is not None:
        return mapping(source, "resource", where)
    return None


def make_action(template: Template, sensor: Target, events: Events) -> Action:
    """Return the action that creates the object of a firing.

    Raises ``FiringError`` where the events do not lead to an object.
    """
    creation, trigger = template.creation_for(events), template.name
    value = creation.resource
    if creation.parameters:
        value = _applied(value, creation.parameters, events)
    metadata = dict(lookup(value, "metadata", default={}))
    who = {name: one.event.id for name, one in sorted(events.items())}
    metadata["name"] = _name(metadata, [str(sensor), trigger, who])
    metadata.pop("generateName", None)
    if value["kind"] in _CLUSTER_WIDE:
        metadata.pop("namespace", None)
    else:
        metadata["namespace"] = metadata.get("namespace") or sensor.namespace
    metadata["labels"] = {
        **lookup(metadata, "labels", default={}),
        ARGO_TRIGGER_SENSOR: sensor.name,
        ARGO_TRIGGER_TRIGGER: trigger,
        ARGO_TRIGGER_TIME: _milliseconds(events),
    }
    if value["apiVersion"] == ARGO_API_VERSION:
        metadata["labels"] = {ENGINE: _NATIVE, **metadata["labels"]}
    if value["kind"] == "Workflow":
        metadata["labels"] = {ARGO_WORKFLOWS_INSTANCE: MANAGER, **metadata["labels"]}
    annotations = lookup(metadata, "annotations", default={})
    metadata["annotations"] = {**annotations, STARTED_BY: json_text.dumps(who)}
    made = {**value, "metadata": metadata}
    return Action(
        verb=Verb.CREATE,
        target=Target.of(made),
        manager=TRIGGERS_MANAGER,
        object=made,
        reason=f"{trigger} of {sensor}, started by {', '.join(who)}",
    )


def _applied(value: Object, parameters: Iterable[Parameter], events: Events) -> Object:
    happened = {name: one.event for name, one in events.items()}
    try:
        found = json_text.loads(apply(json_text.dumps(value), parameters, happened))
    except ParameterError as error:
        raise FiringError(str(error)) from error
    if not isinstance(found, dict) or (not Target.of(found).kind and "kind" in value):
        raise FiringError("its parameters leave no object to create")
    return found


def is_made_by(action: Action, live: Object) -> bool:
    """Tell whether an object that is there is the one that an action creates."""
    wanted = lookup(action.object, "metadata", "annotations", STARTED_BY)
    return bool(lookup(live, "metadata", "annotations", STARTED_BY) == wanted)


def _name(metadata: Object, firing: list[object]) -> str:
    name = metadata.get("name")
    if isinstance(name, str) and name:
        return name
    prefix = metadata.get("generateName")
    if not isinstance(prefix, str) or not prefix:
        raise FiringError("the object has neither metadata.name nor metadata.generateName")
    return derive_name(prefix.rstrip("-."), "", firing)


def _milliseconds(events: Events) -> str:
    """Return the time of the newest event, which stands for that of the action."""
    return str(max(int(parse_time(one.event.time).timestamp() * 1000) for one in events.values()))
