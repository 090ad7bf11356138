"""What the server decides when an object comes in: namespaces, names and addresses.

Admission reads the store but never writes; what it decides is part of the new object
(reference, Kubernetes API sections 3 and 8).
"""

import random
from collections.abc import Container, Iterable
from typing import Final, TypeVar

from ruleengine.apimachinery.access_validating import SYSTEM_PRIORITIES
from ruleengine.apimachinery.causes import forbidden as forbidden_value
from ruleengine.apimachinery.causes import invalid as invalid_value
from ruleengine.apimachinery.edits import filled
from ruleengine.apimachinery.naming import GENERATED_LENGTH, SAFE_ALPHABET, generate_name
from ruleengine.local.api.catalog import DEFINITIONS, Served
from ruleengine.local.api.failures import ApiFailure, forbidden, invalid
from ruleengine.local.api.pod_resources import quality_of
from ruleengine.local.api.policies import Policies
from ruleengine.local.api.preparing import CLEANUP
from ruleengine.local.api.priorities import RESOURCE as PRIORITY_CLASSES
from ruleengine.local.api.service_types import chooses_node_ports, retyped
from ruleengine.local.store import Key, Store
from ruleengine.model.values import Object, lookup

T = TypeVar("T")
NAMESPACES: Final = "namespaces"
_FIRST_ACCOUNT: Final = "default"
_RUNTIME_CLASSES: Final = "runtimeclasses.node.k8s.io"
DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
PROTECTED_CLAIM: Final = "kubernetes.io/pvc-protection"
PROTECTED_VOLUME: Final = "kubernetes.io/pv-protection"
_IMMORTAL: Final = {
    **{
        (NAMESPACES, name): "this namespace may not be deleted"
        for name in ("default", "kube-system", "kube-public")
    },
    **{
        (PRIORITY_CLASSES, name): "this is a system priority class and cannot be deleted"
        for name in SYSTEM_PRIORITIES
    },
}
"""What is never deleted, and what is said to whoever would."""

_GATED: Final = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "SchedulingGated",
    "message": "Scheduling is blocked due to non-empty scheduling gates",
}
ALLOCATED: Final = frozenset(
    {
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("", "Pod"),
        ("", "Service"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("batch", "Job"),
    }
)
"""Kinds to which admission adds something, which is not brought into form any more."""

_ADMITTED: Final = ALLOCATED | {("scheduling.k8s.io", "PriorityClass")}

_FIRST_NODE_PORT: Final = 30000
_LAST_NODE_PORT: Final = 32767
_FIXED_BITS: Final = 0xF << 76 | 0b11 << 62
_VERSION_4: Final = 0x4 << 76 | 0b10 << 62
"""Which bits of a UUID are not random, and what they are."""

_ADDRESS_PREFIX: Final = "10.96."
_ADDRESSES: Final = 65_000
"""How many cluster IPs the private range 10.96.0.0/16 gives out."""


class Admission:
    """Admits objects into one store; ``randomness`` gives uids and name suffixes."""

    def __init__(self, store: Store, randomness: random.Random) -> None:
        self._store = store
        self._random = randomness
        self.policies = Policies(store)

    def uid(self) -> str:
        """Return a new uid: a random UUID (RFC 4122, version 4)."""
        bits = self._random.getrandbits(128) & ~_FIXED_BITS | _VERSION_4
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def generated(self, base: str) -> str:
        """Return a name that begins with ``base``."""
        text = "".join(self._random.choice(SAFE_ALPHABET) for _ in range(GENERATED_LENGTH))
        return generate_name(base, text)

    def check_namespace(self, served: Served, namespace: str, name: str) -> None:
        """Refuse objects in a namespace that is absent (404) or terminating (403)."""
        if not served.info.namespaced:
            return
        found = self._store.get(Key(NAMESPACES, "", namespace))
        if found is None:
            details = {"name": namespace, "kind": NAMESPACES}
            raise ApiFailure(404, "NotFound", f'namespaces "{namespace}" not found', details)
        if lookup(found, "metadata", "deletionTimestamp"):
            text = f"namespace {namespace} is being terminated"
            cause = {
                "reason": "NamespaceTerminating",
                "message": text,
                "field": "metadata.namespace",
            }
            problem = (
                f"unable to create new content in namespace {namespace} because it is being "
                "terminated"
            )
            raise forbidden(served.info, name, problem, [cause])

    def check_definition(self, served: Served) -> None:
        """Refuse new objects of a custom kind whose definition goes (405)."""
        if not served.custom:
            return
        definition = self._store.get(Key(DEFINITIONS, "", served.resource))
        if lookup(definition, "metadata", "deletionTimestamp"):
            text = "create not allowed while custom resource definition is terminating"
            raise ApiFailure(405, "MethodNotAllowed", text)

    def check_deletable(self, served: Served, live: Object) -> None:
        """Refuse to delete what every server has (403)."""
        name = live["metadata"]["name"]
        reason = _IMMORTAL.get((served.resource, name))
        if reason:
            raise forbidden(served.info, name, reason, [])

    def admit(self, value: Object, served: Served, live: Object | None = None) -> Object:
        """Return the object with what the server allocates for its kind.

        Raises ``ApiFailure`` 403 for what a policy of the namespace or the cluster forbids.
        """
        value = self._allocated(value, served, live)
        self.policies.check_quotas(value, served, live)
        return value

    def _allocated(  # noqa: PLR0911 - one return per kind
        self, value: Object, served: Served, live: Object | None
    ) -> Object:
        place = (served.info.group, served.info.kind)
        if place not in _ADMITTED:
            return value
        match place:
            case ("", "Service"):
                return self._service(value, served, live)
            case ("", "Pod") if live is None:
                value = _pod(value, served)
                self._check_references(value, served)
                return self.policies.pod(value, served)
            case ("apiextensions.k8s.io", "CustomResourceDefinition") if live is None:
                return _definition(value)
            case ("batch", "Job") if live is None:
                return _job(value, served)
            case ("", "PersistentVolumeClaim"):
                if live is None or value.get("spec") != live.get("spec"):  # else it may still go
                    self.policies.claim(value, served)
                return self._claim(value) if live is None else value
            case ("", "PersistentVolume") if live is None:
                return _with_finalizer(value, PROTECTED_VOLUME)
            case ("scheduling.k8s.io", "PriorityClass"):
                self.policies.priority_class(value, served)
        return value

    def _check_references(self, pod: Object, served: Served) -> None:
        """Refuse pods of an account or a runtime class that is not there (403).

        The account `default` comes with its namespace, a moment later.
        """
        spec, metadata = pod["spec"], pod["metadata"]
        namespace, name = str(metadata.get("namespace")), str(metadata.get("name"))
        account = spec["serviceAccountName"]
        known = Key("serviceaccounts", namespace, account)
        if account != _FIRST_ACCOUNT and self._store.get(known) is None:
            problem = (
                f"error looking up service account {namespace}/{account}: "
                f'serviceaccount "{account}" not found'
            )
            raise forbidden(served.info, name, problem, [])
        runtime = spec.get("runtimeClassName")
        if runtime and self._store.get(Key(_RUNTIME_CLASSES, "", runtime)) is None:
            problem = f'pod rejected: RuntimeClass "{runtime}" not found'
            raise forbidden(served.info, name, problem, [])

    def _claim(self, value: Object) -> Object:
        """Give a claim that names no class the default one, the newest where there are several."""
        value = _with_finalizer(value, PROTECTED_CLAIM)
        if lookup(value, "spec", "storageClassName") is not None:
            return value
        defaults = [
            one
            for one in self._store.list("storageclasses.storage.k8s.io").items
            if lookup(one, "metadata", "annotations", DEFAULT_CLASS) == "true"
        ]
        if not defaults:
            return value
        newest = max(defaults, key=lambda one: str(one["metadata"]["creationTimestamp"]))
        spec = {**(value.get("spec") or {}), "storageClassName": newest["metadata"]["name"]}
        return {**value, "spec": spec}

    def _service(self, value: Object, served: Served, live: Object | None) -> Object:
        before = lookup(live, "spec") or {}
        spec = retyped(value.get("spec") or {}, before)
        if spec.get("type") == "ExternalName":
            return {**value, "spec": spec}
        spec = self._with_address(spec, before, served, value)
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            spec = self._with_node_ports(spec, before.get("ports") or [], served, value)
        status = value.get("status") or {"loadBalancer": {}}
        return {**value, "spec": spec, "status": status}

    def _with_address(self, spec: Object, before: Object, served: Served, value: Object) -> Object:
        address = spec.get("clusterIP") or before.get("clusterIP")
        services = self._store.list("services").items
        taken = {lookup(one, "spec", "clusterIP") for one in services}
        if not address:
            every = (f"{_ADDRESS_PREFIX}{one // 250}.{one % 250 + 1}" for one in range(_ADDRESSES))
            address = _next_free(every, taken, "serviceIP")
        elif address != "None" and not before:
            problem = ""
            if address in taken:
                problem = "provided IP is already allocated"
            elif not str(address).startswith(_ADDRESS_PREFIX):
                problem = "the provided network does not match the current range"
            if problem:
                detail = f"failed to allocate IP {address}: {problem}"
                cause = invalid_value(("spec", "clusterIPs"), [address], detail)
                raise invalid(served.info, str(value["metadata"].get("name")), [cause])
        spec = filled(spec, clusterIPs=[address], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
        return {**spec, "clusterIP": address}

    def _with_node_ports(
        self, spec: Object, before: list[Object], served: Served, value: Object
    ) -> Object:
        known = {one.get("name"): one.get("nodePort") for one in before}
        taken = {
            port.get("nodePort")
            for service in self._store.list("services").items
            for port in lookup(service, "spec", "ports", default=[])
        }
        wanted = spec.get("ports") or []
        stated = {one.get("nodePort") for one in wanted}
        own = stated | {*known.values()}
        chooses = chooses_node_ports(spec)
        ports = []
        for index, port in enumerate(wanted):
            number = port.get("nodePort")
            if number and not _FIRST_NODE_PORT <= number <= _LAST_NODE_PORT:
                detail = (
                    "provided port is not in the valid range. The range of valid ports is "
                    f"{_FIRST_NODE_PORT}-{_LAST_NODE_PORT}"
                )
                cause = invalid_value(("spec", "ports", index, "nodePort"), number, detail)
                raise invalid(served.info, str(value["metadata"].get("name")), [cause])
            if number and number in taken and number not in known.values():
                path = ("spec", "ports", index, "nodePort")
                cause = invalid_value(path, number, "provided port is already allocated")
                raise invalid(served.info, str(value["metadata"].get("name")), [cause])
            if not number and chooses:
                number = known.get(port.get("name"))
                if not number or number in stated:
                    free = range(_FIRST_NODE_PORT, _LAST_NODE_PORT + 1)
                    number = _next_free(free, taken | own, "nodePort")
                    own.add(number)
            ports.append({**port, "nodePort": number} if number else port)
        return {**spec, "ports": ports}


def _next_free(range_: Iterable[T], taken: Container[object], what: str) -> T:
    """Return the first that is not taken. Raises ``ApiFailure`` 500, as API servers do."""
    for one in range_:
        if one not in taken:
            return one
    text = f"Internal error occurred: failed to allocate a {what}: range is full"
    raise ApiFailure(500, "InternalError", text)


def _pod(value: Object, served: Served) -> Object:
    spec = value.get("spec") or {}
    if spec.get("ephemeralContainers"):
        path = ("spec", "ephemeralContainers")
        cause = forbidden_value(path, "cannot be set on create")
        raise invalid(served.info, str(value["metadata"].get("name")), [cause])
    account = spec.get("serviceAccountName") or "default"
    spec = {**spec, "serviceAccountName": account, "serviceAccount": account}
    spec.setdefault("enableServiceLinks", True)
    status: Object = {"phase": "Pending", "qosClass": quality_of(spec)}
    if spec.get("schedulingGates"):
        status["conditions"] = [_GATED]
    return {**value, "spec": spec, "status": status}


def _definition(value: Object) -> Object:
    return _with_finalizer(value, CLEANUP)


def _with_finalizer(value: Object, name: str) -> Object:
    finalizers = [*(value["metadata"].get("finalizers") or [])]
    if name not in finalizers:
        finalizers.append(name)
    return {**value, "metadata": {**value["metadata"], "finalizers": finalizers}}


def _job(value: Object, served: Served) -> Object:
    """Give a Job the selector and labels by which its pods are found."""
    spec = value.get("spec") or {}
    if spec.get("manualSelector"):
        return value
    if spec.get("selector"):
        cause = invalid_value(
            ("spec", "selector"), spec["selector"], "`selector` not auto-generated"
        )
        raise invalid(served.info, str(value["metadata"].get("name")), [cause])
    uid, name = value["metadata"]["uid"], value["metadata"]["name"]
    labels = {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    template = spec.get("template") or {}
    metadata = template.get("metadata") or {}
    labels = {**(metadata.get("labels") or {}), **labels}
    template = {**template, "metadata": {**metadata, "labels": labels}}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    own = value["metadata"]
    if not own.get("labels"):
        own = {**own, "labels": labels}  # the default, which these labels come too late for
    spec = {**spec, "template": template, "selector": selector}
    return {**value, "metadata": own, "spec": spec}
