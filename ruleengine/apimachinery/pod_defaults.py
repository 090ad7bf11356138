"""What a server fills in on pods and pod templates.

The list follows the reference, Kubernetes API section 8 ("Admission").
"""

from typing import Final

from ruleengine.apimachinery.edits import Edit, edited, edited_items, filled
from ruleengine.model.values import Object

_FILE_MODE: Final = 0o644
_SOURCELESS: Final = frozenset({"name"})
_SOURCES: Final[dict[str, Object]] = {
    "azureDisk": {
        "cachingMode": "ReadWrite",
        "kind": "Shared",
        "fsType": "ext4",
        "readOnly": False,
    },
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}
"""What is filled in on sources that pods and persistent volumes share."""


def default_pod_spec(spec: Object) -> Object:
    """Return the spec of a pod or pod template with its defaults."""
    spec = filled(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    grace = spec["terminationGracePeriodSeconds"]
    if isinstance(grace, int) and grace < 0:
        spec = {**spec, "terminationGracePeriodSeconds": 1}
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec = filled(spec, serviceAccountName=account, serviceAccount=account)
    for name in ("initContainers", "containers", "ephemeralContainers"):
        spec = edited_items(spec, name, _container)
    return edited_items(spec, "volumes", _volume)


def default_pod(pod: Object) -> Object:
    """Return a Pod with its defaults: those of a template and what only pods get."""
    return edited(pod, "spec", _lone_pod_spec)


def _lone_pod_spec(spec: Object) -> Object:
    spec = filled(default_pod_spec(spec), enableServiceLinks=True)
    spec = _requests(spec)
    host = bool(spec.get("hostNetwork"))
    for name in ("initContainers", "containers"):
        spec = edited_items(spec, name, _requests)
        if host:
            spec = edited_items(spec, name, _host_ports)
    return spec


def _requests(container: Object) -> Object:
    """Return a container that requests at least what it is limited to, unless it says so.

    The spec of a pod is like one: its resources are those of the pod as a whole.
    """

    def resources(value: Object) -> Object:
        limits, requests = value.get("limits"), value.get("requests") or {}
        if not isinstance(limits, dict) or not isinstance(requests, dict):
            return value
        missing = {name: one for name, one in limits.items() if name not in requests}
        return {**value, "requests": {**requests, **missing}} if missing else value

    return edited(container, "resources", resources)


def _host_ports(container: Object) -> Object:
    def port(value: Object) -> Object:
        return filled(value, hostPort=value.get("containerPort"))

    return edited_items(container, "ports", port)


def _container(container: Object) -> Object:
    container = filled(
        container,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_pull_policy(str(container.get("image") or "")),
    )
    container = edited_items(container, "ports", _port)
    container = edited_items(container, "env", _environment)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        container = edited(container, name, _probe)
    return edited(container, "lifecycle", _lifecycle)


def _pull_policy(image: str) -> str:
    """Return the pull policy that an image reference implies: a moving tag is always pulled."""
    if "@" in image:
        return "IfNotPresent"
    name, colon, tag = image.rpartition(":")
    tagged = bool(colon) and bool(name) and "/" not in tag
    return "Always" if not tagged or tag == "latest" else "IfNotPresent"


def _port(port: Object) -> Object:
    return filled(port, protocol="TCP")


def _environment(variable: Object) -> Object:
    # Most variables are plain, and pods have many.
    return edited(variable, "valueFrom", _reference) if "valueFrom" in variable else variable


def _resource_reference(reference: Object) -> Object:
    return filled(reference, divisor="0")


def _field_reference(reference: Object) -> Object:
    return filled(reference, apiVersion="v1")


REFERENCES: Final[dict[str, Edit]] = {
    "core/v1.ObjectFieldSelector": _field_reference,
    "core/v1.ResourceFieldSelector": _resource_reference,
}
"""What is filled in on references, by type: they are owned as a whole."""


def _reference(source: Object) -> Object:
    source = edited(source, "resourceFieldRef", _resource_reference)
    return edited(source, "fieldRef", _field_reference)


def _probe(probe: Object) -> Object:
    probe = filled(
        probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3
    )
    probe = edited(probe, "grpc", lambda action: filled(action, service=""))
    return edited(probe, "httpGet", _http)


def _http(action: Object) -> Object:
    action = filled(action, path="/", scheme="HTTP")
    return action if action["path"] != "" else {**action, "path": "/"}


def _lifecycle(lifecycle: Object) -> Object:
    for name in ("postStart", "preStop"):
        lifecycle = edited(lifecycle, name, lambda handler: edited(handler, "httpGet", _http))
    return lifecycle


def _volume(volume: Object) -> Object:
    if volume.keys() <= _SOURCELESS:
        return {**volume, "emptyDir": {}}
    for name in ("secret", "configMap"):
        volume = edited(volume, name, lambda source: filled(source, defaultMode=_FILE_MODE))
    volume = edited(volume, "downwardAPI", _downward)
    volume = edited(volume, "projected", _projected)
    volume = edited(volume, "ephemeral", _ephemeral)
    return default_volume_source(volume)


def default_volume_source(source: Object) -> Object:
    """Return the source of a volume, of a pod's or a persistent one, with its defaults."""
    for name, defaults in _SOURCES.items():
        inner = source.get(name)
        if isinstance(inner, dict):
            after = filled(inner, **defaults)
            source = source if after is inner else {**source, name: after}
    return source


def _ephemeral(source: Object) -> Object:
    return edited(
        source,
        "volumeClaimTemplate",
        lambda claim: edited(claim, "spec", lambda spec: filled(spec, volumeMode="Filesystem")),
    )


def _downward(source: Object) -> Object:
    return edited_items(filled(source, defaultMode=_FILE_MODE), "items", _reference)


def _projected(source: Object) -> Object:
    def part(one: Object) -> Object:
        one = edited(
            one, "serviceAccountToken", lambda token: filled(token, expirationSeconds=3600)
        )
        return edited(one, "downwardAPI", lambda inner: edited_items(inner, "items", _reference))

    return edited_items(filled(source, defaultMode=_FILE_MODE), "sources", part)
