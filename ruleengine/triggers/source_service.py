"""The Service of an EventSource: named, labelled and selecting as Argo Events makes it."""

from collections.abc import Iterator
from typing import Final

from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import World
from ruleengine.model.names import TRIGGERS_MANAGER
from ruleengine.model.values import Object, lookup

_CONTROLLER: Final = "eventsource-controller"


def service_actions(value: Object, service: Object, world: World) -> Iterator[Action]:
    """Yield what makes the Service be as ``service`` asks; none is asked for by an empty one."""
    owner = Target.of(value)
    target = Target("v1", "Service", owner.namespace, f"{owner.name}-eventsource-svc")
    if service:
        yield Action(
            verb=Verb.APPLY,
            target=target,
            manager=TRIGGERS_MANAGER,
            object=_service(value, service, target),
            reason=f"spec.service of {owner}",
        )
        return
    live = world.get(target)
    uid = lookup(value, "metadata", "uid")
    owners = lookup(live, "metadata", "ownerReferences", default=[])
    if live is not None and any(one.get("uid") == uid for one in owners):
        yield Action(
            verb=Verb.DELETE,
            target=target,
            manager=TRIGGERS_MANAGER,
            uid=str(lookup(live, "metadata", "uid", default="")),
            reason=f"{owner} asks for none",
        )


def _service(value: Object, service: Object, target: Target) -> Object:
    owner = Target.of(value)
    selector = {
        "controller": _CONTROLLER,
        "eventsource-name": owner.name,
        "owner-name": owner.name,
    }
    metadata: Object = {
        "name": target.name,
        "namespace": target.namespace,
        "labels": {**lookup(service, "metadata", "labels", default={}), **selector},
        "ownerReferences": [
            {
                "apiVersion": owner.api_version,
                "kind": owner.kind,
                "name": owner.name,
                "uid": lookup(value, "metadata", "uid", default=""),
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    annotations = lookup(service, "metadata", "annotations")
    if annotations:
        metadata["annotations"] = annotations
    spec: Object = {"ports": service["ports"], "selector": selector, "type": "ClusterIP"}
    if service.get("clusterIP"):
        spec["clusterIP"] = service["clusterIP"]
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
