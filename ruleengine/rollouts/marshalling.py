"""Go's JSON of a typed value, byte for byte: what Argo's hashes are taken of.

Go writes a struct's fields in the order of their declaration, leaves out what ``omitempty``
says, drops fields that it does not know, and sorts the keys of maps. The facts give names,
types and protobuf numbers; where the order of declaration is not that of the numbers it
stands in :data:`_ORDER`.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from ruleengine.apimachinery.facts import fields_of, type_facts
from ruleengine.apimachinery.quantities import canonical
from ruleengine.model.values import Object, Value

_CONTAINER: Final = (
    "name image command args workingDir ports envFrom env resources resizePolicy restartPolicy "
    "restartPolicyRules volumeMounts volumeDevices livenessProbe readinessProbe startupProbe "
    "lifecycle terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext "
    "stdin stdinOnce tty"
)
_POD: Final = (
    "volumes initContainers containers ephemeralContainers restartPolicy "
    "terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector "
    "serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork hostPID "
    "hostIPC shareProcessNamespace securityContext imagePullSecrets hostname subdomain affinity "
    "schedulerName tolerations hostAliases priorityClassName priority dnsConfig readinessGates "
    "runtimeClassName enableServiceLinks preemptionPolicy overhead topologySpreadConstraints "
    "setHostnameAsFQDN os hostUsers schedulingGates resourceClaims resources hostnameOverride"
)
_ORDER: Final = {
    "core/v1.Container": _CONTAINER,
    "core/v1.EphemeralContainerCommon": _CONTAINER,
    "core/v1.PodSpec": _POD,
    "core/v1.SecurityContext": (
        "capabilities privileged seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot "
        "readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile appArmorProfile"
    ),
    "core/v1.PodSecurityContext": (
        "seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot supplementalGroups "
        "supplementalGroupsPolicy fsGroup sysctls fsGroupChangePolicy seccompProfile "
        "appArmorProfile seLinuxChangePolicy"
    ),
    "core/v1.VolumeMount": (
        "name readOnly recursiveReadOnly mountPath subPath mountPropagation subPathExpr"
    ),
    "core/v1.VolumeSource": (
        "hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi "
        "glusterfs persistentVolumeClaim rbd flexVolume cinder cephfs flocker downwardAPI fc "
        "azureFile configMap vsphereVolume quobyte azureDisk photonPersistentDisk projected "
        "portworxVolume scaleIO storageos csi ephemeral image"
    ),
    "core/v1.ISCSIVolumeSource": (
        "targetPortal iqn lun iscsiInterface fsType readOnly portals chapAuthDiscovery "
        "chapAuthSession secretRef initiatorName"
    ),
    "core/v1.ClusterTrustBundleProjection": "name signerName labelSelector optional path",
    "core/v1.PersistentVolumeClaimSpec": (
        "accessModes selector resources volumeName storageClassName volumeMode dataSource "
        "dataSourceRef volumeAttributesClassName"
    ),
}
"""Types whose fields are declared in another order than that of their protobuf numbers."""

_NUMBERS: Final = frozenset({"int32", "int64", "float64", "bool"})


def marshal(value: Value, type_name: str) -> str:
    """Return the compact JSON that Go makes of ``value`` as a value of a type of the facts.

    ``type_name`` may be wrapped, as in ``[]argoproj.io/rollouts.CanaryStep``. Raises
    ``TypeError`` for a value that no such type holds.
    """
    text = json.dumps(_typed(value, type_name), ensure_ascii=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _typed(value: Value, type_name: str) -> Value:
    """Return a value with its fields in Go's order and nothing that Go leaves out."""
    if type_name.startswith("[]"):
        return value and [_typed(one, type_name[2:]) for one in _shaped(value, list)]
    if type_name.startswith("map["):
        inner = type_name.partition("]")[2]
        return value and {
            name: _typed(one, inner) for name, one in sorted(_shaped(value, dict).items())
        }
    if type_facts(type_name) is not None:
        return dict(_fields(_shaped({} if value is None else value, dict), type_name))
    return _scalar(value, type_name)


def _shaped(value: Value, shape: type) -> Value:
    if not isinstance(value, shape):
        raise TypeError(f"{value!r} should be a {'map' if shape is dict else 'list'}")
    return value


def _scalar(value: Value, type_name: str) -> Value:
    if isinstance(value, dict | list):
        raise TypeError(f"{value!r} should be a single value")
    if value is None:
        return "" if type_name == "string" else 0 if type_name in _NUMBERS else None
    if type_name == "Quantity":
        return canonical(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _fields(value: Object, type_name: str) -> Iterator[tuple[str, Value]]:
    known = fields_of(type_name)
    for name in field_order(type_name):
        facts = known[name]
        inner = value.get(name)
        if facts.get("omitempty") and _is_left_out(inner, facts):
            continue
        yield name, None if inner is None and facts.get("pointer") else _typed(inner, facts["type"])


def _is_left_out(value: Value, facts: Object) -> bool:
    """Tell whether ``omitempty`` leaves a value out: a struct never is, a pointer if absent."""
    kind = facts["type"]
    if facts.get("pointer"):
        return value is None
    if kind == "Time":
        return not value
    if type_facts(kind) is not None or kind in ("IntOrString", "Quantity"):
        return False
    return not value


@cache
def field_order(type_name: str) -> tuple[str, ...]:
    """Return the fields of a type in the order in which Go declares them."""
    if type_name in _ORDER:
        listed = tuple(_ORDER[type_name].split())
        return (*listed, *(one for one in fields_of(type_name) if one not in listed))
    own = type_facts(type_name) or {}
    parts: list[tuple[int, tuple[str, ...]]] = [
        (facts.get("proto", 0), (name,)) for name, facts in own.get("fields", {}).items()
    ]
    parts += [(one.get("proto", 0), field_order(one["type"])) for one in own.get("inline", ())]
    return tuple(name for _, names in sorted(parts) for name in names)
