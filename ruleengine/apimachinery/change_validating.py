"""What an update must not change: selectors, templates of jobs, cluster IPs and the like.

The list is that of the reference, Kubernetes API section 8 ("immutability").
"""

from collections.abc import Callable, Iterator
from typing import Final

from ruleengine.apimachinery.causes import Cause, forbidden, immutable, invalid
from ruleengine.apimachinery.quantities import QuantityError, parse_quantity
from ruleengine.apimachinery.storage_validating import NO_SOURCE
from ruleengine.model.values import Object, Path, equal, lookup

Change = Callable[[Object, Object], Iterator[Cause]]

_SPEC: Final[Path] = ("spec",)
_STATEFUL_SET_MUTABLE: Final = frozenset(
    {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    }
)
_POD_MUTABLE: Final = frozenset(
    {
        "activeDeadlineSeconds",
        "containers",
        "ephemeralContainers",
        "initContainers",
        "nodeName",
        "schedulingGates",
        "terminationGracePeriodSeconds",
        "tolerations",
    }
)
_CLAIM_MUTABLE: Final = frozenset({"resources", "volumeAttributesClassName", "volumeName"})


def fixed(*paths: Path) -> Change:
    """Return the check that none of ``paths`` changed once it had a value."""

    def check(old: Object, new: Object) -> Iterator[Cause]:
        for path in paths:
            before, after = lookup(old, *path), lookup(new, *path)
            if before is not None and not equal(before, after):
                yield immutable(path, after)

    return check


def _unchanged(*paths: Path) -> Change:
    """Return the check that none of ``paths`` changed, also where it had no value."""

    def check(old: Object, new: Object) -> Iterator[Cause]:
        for path in paths:
            after = lookup(new, *path)
            if not equal(lookup(old, *path), after):
                yield immutable(path, after)

    return check


def _only(mutable: frozenset[str], detail: str) -> Change:
    """Return the check that of the spec only the ``mutable`` fields changed."""

    def check(old: Object, new: Object) -> Iterator[Cause]:
        before, after = old.get("spec") or {}, new.get("spec") or {}
        names = (before.keys() | after.keys()) - mutable
        if any(not equal(before.get(name), after.get(name)) for name in names):
            yield forbidden(_SPEC, detail)

    return check


def _pod(old: Object, new: Object) -> Iterator[Cause]:
    detail = (
        "pod updates may not change fields other than `spec.containers[*].image`, "
        "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` "
        "(only additions to existing tolerations), `spec.terminationGracePeriodSeconds` "
        "(allow it to be set to 1 if it was previously negative)"
    )
    yield from _only(_POD_MUTABLE, detail)(old, new)
    for field in ("containers", "initContainers"):
        before, after = (
            [{**one, "image": ""} for one in lookup(value, "spec", field, default=[])]
            for value in (old, new)
        )
        if not equal(before, after):
            yield forbidden(_SPEC, detail)
    yield from _ephemeral(old, new)
    yield from _running(old, new)
    grace = (*_SPEC, "terminationGracePeriodSeconds")
    before, after = lookup(old, *grace), lookup(new, *grace)
    if before != after and not (after == 1 and isinstance(before, int) and before < 0):
        yield forbidden(_SPEC, detail)
    if lookup(old, "spec", "nodeName"):
        yield from fixed((*_SPEC, "nodeName"))(old, new)


def _running(old: Object, new: Object) -> Iterator[Cause]:
    """A pod may tolerate more, get less time and lose its gates, never the other way."""
    path: Path = (*_SPEC, "tolerations")
    tolerated = [_but_seconds(one) for one in lookup(new, *path, default=())]
    if any(_but_seconds(one) not in tolerated for one in lookup(old, *path, default=())):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden(path, detail)
    path = (*_SPEC, "activeDeadlineSeconds")
    before, after = lookup(old, *path), lookup(new, *path)
    if before is not None and after is None:
        yield invalid(path, None, "must not update from a positive integer to nil value")
    elif before is not None and after > before:
        yield invalid(path, after, "must be less than or equal to previous value")
    path = (*_SPEC, "schedulingGates")
    known = {one.get("name") for one in lookup(old, *path, default=())}
    for one in lookup(new, *path, default=()):
        if one.get("name") not in known:
            detail = f"only deletion is allowed, but found new scheduling gate '{one.get('name')}'"
            yield forbidden(path, detail)


def _but_seconds(toleration: Object) -> Object:
    return {name: one for name, one in toleration.items() if name != "tolerationSeconds"}


def _ephemeral(old: Object, new: Object) -> Iterator[Cause]:
    """Containers can be added to a pod that runs; what was added stays as it is."""
    path = (*_SPEC, "ephemeralContainers")
    after = {one.get("name"): one for one in lookup(new, *path, default=())}
    for one in lookup(old, *path, default=()):
        name = one.get("name")
        if not equal(one, after.get(name)):
            done = "changed" if name in after else "removed"
            yield forbidden(path, f"existing ephemeral containers {name!r} may not be {done}")


_JOB: Final = _unchanged(
    *(
        (*_SPEC, name)
        for name in (
            "completionMode",
            "podFailurePolicy",
            "backoffLimitPerIndex",
            "managedBy",
            "successPolicy",
        )
    )
)
_WHERE_PODS_RUN: Final = ("affinity", "nodeSelector", "schedulingGates", "tolerations")


def _job(old: Object, new: Object) -> Iterator[Cause]:
    yield from fixed((*_SPEC, "selector"))(old, new)
    yield from _JOB(old, new)
    path = (*_SPEC, "completions")
    completions, parallelism = (
        lookup(new, "spec", name) for name in ("completions", "parallelism")
    )
    if not equal(lookup(old, *path), completions):
        if lookup(new, "spec", "completionMode") != "Indexed":
            yield immutable(path, completions)
        elif completions != parallelism:
            yield invalid(path, completions, "can only be modified in tandem with spec.parallelism")
    waits = lookup(old, "spec", "suspend") and not lookup(old, "status", "startTime")
    before, after = (lookup(value, "spec", "template") for value in (old, new))
    if waits:
        before, after = _but_directives(before), _but_directives(after)
    if not equal(before, after):
        yield immutable((*_SPEC, "template"), lookup(new, "spec", "template"))


def _but_directives(template: Object) -> Object:
    """Return a template without what a Job that waits may still say about where pods run."""
    spec = {
        name: one
        for name, one in (lookup(template, "spec") or {}).items()
        if name not in _WHERE_PODS_RUN
    }
    return {**template, "metadata": None, "spec": spec}


def _service(old: Object, new: Object) -> Iterator[Cause]:
    external = "ExternalName"
    if external in (lookup(old, "spec", "type"), lookup(new, "spec", "type")):
        return
    yield from fixed((*_SPEC, "clusterIP"))(old, new)


def _data(old: Object, new: Object) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden(("immutable",), "field is immutable when `immutable` is set")
    for field in ("data", "binaryData"):
        if not equal(old.get(field), new.get(field)):
            yield forbidden((field,), "field is immutable when `immutable` is set")


def _secret(old: Object, new: Object) -> Iterator[Cause]:
    yield from fixed(("type",))(old, new)
    yield from _data(old, new)


_CLAIM_FIXED: Final = (
    "spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)
_CLAIM_SPEC: Final = _only(_CLAIM_MUTABLE, _CLAIM_FIXED)


def _claim(old: Object, new: Object) -> Iterator[Cause]:
    yield from _CLAIM_SPEC(old, new)
    path = ("resources", "requests", "storage")
    before, after = (lookup(value, "spec", *path) for value in (old, new))
    if before is None or after is None:
        return
    if before != after and lookup(old, "status", "phase") != "Bound":
        yield forbidden(_SPEC, _CLAIM_FIXED)
        return
    try:
        shrinks = parse_quantity(str(after)) < parse_quantity(str(before))
    except QuantityError:
        return
    if shrinks:
        detail = "field can not be less than status.capacity"
        yield forbidden((*_SPEC, *path[:2]), detail)


def _volume(old: Object, new: Object) -> Iterator[Cause]:
    """Only the source of a volume is fixed, with the mode in which it is used."""
    sources = (
        {name: one for name, one in (value.get("spec") or {}).items() if name not in NO_SOURCE}
        for value in (old, new)
    )
    if not equal(*sources):
        detail = "spec.persistentvolumesource is immutable after creation"
        yield forbidden((*_SPEC, "persistentvolumesource"), detail)
    yield from fixed((*_SPEC, "volumeMode"))(old, new)


def _role(old: Object, new: Object) -> Iterator[Cause]:
    if not equal(old.get("roleRef"), new.get("roleRef")):
        yield invalid(("roleRef",), new.get("roleRef"), "cannot change roleRef")


def _storage_class(old: Object, new: Object) -> Iterator[Cause]:
    for field in ("parameters", "provisioner", "reclaimPolicy"):
        if not equal(old.get(field), new.get(field)):
            yield forbidden((field,), f"updates to {field} are forbidden.")
    yield from fixed(("volumeBindingMode",))(old, new)


def _priority(old: Object, new: Object) -> Iterator[Cause]:
    if not equal(old.get("value"), new.get("value")):
        yield forbidden(("value",), "may not be changed in an update.")
    yield from fixed(("preemptionPolicy",))(old, new)


CHANGES: Final[dict[tuple[str, str], Change]] = {
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "ConfigMap"): _data,
    ("", "Secret"): _secret,
    ("", "PersistentVolumeClaim"): _claim,
    ("apps", "Deployment"): fixed((*_SPEC, "selector")),
    ("apps", "ReplicaSet"): fixed((*_SPEC, "selector")),
    ("apps", "DaemonSet"): fixed((*_SPEC, "selector")),
    ("apps", "StatefulSet"): _only(
        _STATEFUL_SET_MUTABLE,
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
        "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
        "'minReadySeconds' are forbidden",
    ),
    ("batch", "Job"): _job,
    ("", "ResourceQuota"): _unchanged((*_SPEC, "scopes")),
    ("node.k8s.io", "RuntimeClass"): _unchanged(("handler",)),
    ("storage.k8s.io", "VolumeAttachment"): _unchanged(_SPEC),
    ("storage.k8s.io", "CSIDriver"): _unchanged(
        (*_SPEC, "attachRequired"), (*_SPEC, "volumeLifecycleModes")
    ),
    ("storage.k8s.io", "CSIStorageCapacity"): _unchanged(("nodeTopology",), ("storageClassName",)),
    ("rbac.authorization.k8s.io", "RoleBinding"): _role,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _role,
    ("storage.k8s.io", "StorageClass"): _storage_class,
    ("scheduling.k8s.io", "PriorityClass"): _priority,
    ("", "PersistentVolume"): _volume,
    ("discovery.k8s.io", "EndpointSlice"): fixed(("addressType",)),
    ("networking.k8s.io", "IngressClass"): fixed((*_SPEC, "controller")),
    ("apps", "ControllerRevision"): fixed(("data",)),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): fixed(
        (*_SPEC, "group"), (*_SPEC, "scope"), (*_SPEC, "names", "kind")
    ),
}
"""The check of each kind by group and kind."""
