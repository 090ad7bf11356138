"""Which application an object belongs to: Argo CD's tracking annotation (section 5).

The annotation also names the object itself, so that a copy that carries it (a ReplicaSet
inherits the annotations of its Deployment) is neither drift nor pruned.
"""

from dataclasses import dataclass

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_TRACKING
from ruleengine.model.values import Object, lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """What a tracking annotation says: the application, and the object that it was put on."""

    application: str
    group: str
    kind: str
    namespace: str
    name: str


def application_key(name: str, namespace: str, control_namespace: str) -> str:
    """Return how an application is named in tracking annotations and in the index.

    >>> application_key("web", "ruleengine", "ruleengine"), application_key("web", "a", "b")
    ('web', 'a_web')
    """
    return name if namespace in ("", control_namespace) else f"{namespace}_{name}"


def tracking_id(application: str, target: Target, destination_namespace: str) -> str:
    """Return the annotation's value for one object of an application."""
    namespace = target.namespace or destination_namespace
    return f"{application}:{target.group}/{target.kind}:{namespace}/{target.name}"


def read_tracking(value: Object) -> Tracking | None:
    """Return what the tracking annotation of an object says, or ``None``."""
    text = lookup(value, "metadata", "annotations", ARGO_TRACKING, default="")
    parts = text.split(":", 2) if isinstance(text, str) else []
    if len(parts) != 3:
        return None
    kind, place = parts[1].split("/"), parts[2].split("/")
    if len(kind) != 2 or len(place) != 2:
        return None
    return Tracking(
        application=parts[0], group=kind[0], kind=kind[1], namespace=place[0], name=place[1]
    )


def application_of(value: Object) -> str:
    """Return the key of the application that an object says it belongs to, or an empty text.

    This is the value of the index ``application`` (see :class:`ruleengine.model.decisions.World`).
    """
    tracking = read_tracking(value)
    return tracking.application if tracking else ""


def describes_itself(value: Object) -> bool:
    """Tell whether the annotation names the object that carries it.

    The namespace does not count for objects without one.
    """
    tracking = read_tracking(value)
    target = Target.of(value)
    return tracking is not None and (
        (tracking.group, tracking.kind, tracking.name) == (target.group, target.kind, target.name)
        and target.namespace in ("", tracking.namespace)
    )
