"""JSON Schema of the types that have no fields, or that JSON writes in a way of their own."""

from typing import Any

TAG = r"\{\{"
"""What marks a text as a template of Argo's: it is rendered before it must be valid."""

_QUANTITY = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9:]{5})$"
_TEXT = {"type": "string"}
_ANYTHING: dict[str, Any] = {}
_CONDITION = {"type": "string", "enum": ["True", "False", "Unknown"]}
_HEALTH = ["Unknown", "Progressing", "Healthy", "Suspended", "Degraded", "Missing"]
_PHASES = ["", "Running", "Terminating", "Failed", "Error", "Succeeded"]
_PATCHES = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
]

EMBEDDED = "x-ruleengine-embedded"
"""Marks a place that holds a whole object of any kind, which is checked by its own schema."""


FORM = "x-ruleengine-form"
"""Says in words what a pattern means."""


def _whole(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


_INT32, _INT64 = _whole(-(2**31), 2**31 - 1), _whole(-(2**63), 2**63 - 1)
_MOMENT = {"type": "string", "pattern": _TIME, FORM: "a time, such as 2026-01-31T12:00:00Z"}
PRIMITIVES: dict[str, dict[str, Any]] = {
    "string": _TEXT,
    "bool": {"type": "boolean"},
    "int": _INT64,
    "int32": _INT32,
    "int64": _INT64,
    "uint64": _whole(0, 2**64 - 1),
    "float64": {"type": "number"},
    "byte": _TEXT,
    "any": _ANYTHING,
    "JSON": _ANYTHING,
    "json.RawMessage": _ANYTHING,
    "RawExtension": {"type": "object"},
    "runtime.RawExtension": {"type": "object"},
    "FieldsV1": {"type": "object"},
    "AnyString": {"type": ["string", "number", "boolean"]},
    "IntOrString": {**_INT32, "type": ["integer", "string"]},
    "Time": _MOMENT,
    "MicroTime": _MOMENT,
    "meta/v1.Time": _MOMENT,
    "meta/v1.MicroTime": _MOMENT,
    "Quantity": {
        "type": ["string", "number"],
        "pattern": _QUANTITY,
        FORM: "a quantity, such as 500m or 2Gi",
    },
    "core/v1.ConditionStatus": _CONDITION,
    "meta/v1.ConditionStatus": _CONDITION,
    "core/v1.PullPolicy": {"type": "string", "enum": ["Always", "Never", "IfNotPresent"]},
    "core/v1.DNSPolicy": {
        "type": "string",
        "enum": ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
    },
    "core/v1.PersistentVolumeAccessMode": {
        "type": "string",
        "enum": ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"],
    },
    "core/v1.ResourceName": _TEXT,
    "health.HealthStatusCode": {"type": "string", "enum": ["", *_HEALTH]},
    "sync.OperationPhase": {"type": "string", "enum": _PHASES},
    "sync.HookType": _TEXT,
    "sync.ResultCode": _TEXT,
    "sync.SyncPhase": _TEXT,
    "watch.EventType": _TEXT,
    "k8stypes.PatchType": {"type": "string", "enum": _PATCHES},
    "apiextensions.k8s.io/v1.JSON": _ANYTHING,
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrArray": {"type": ["object", "array"]},
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrBool": {"type": ["object", "boolean"]},
    "apiextensions.k8s.io/v1.JSONSchemaPropsOrStringArray": {"type": ["object", "array"]},
    "argoproj.io/events.Amount": {"type": "number"},
    "argoproj.io/events.Int64OrString": {"type": ["integer", "string"]},
    "argoproj.io/events.K8SResource": {"type": "object", EMBEDDED: "object"},
    "argoproj.io/workflows.Amount": {"type": "number"},
    "argoproj.io/workflows.Item": _ANYTHING,
    "argoproj.io/workflows.Object": _ANYTHING,
    "argoproj.io/workflows.Plugin": {"type": "object", "minProperties": 1, "maxProperties": 1},
}
"""Type name to schema. ``byte`` stands for ``[]byte``, which JSON writes as base64 text."""

ALIASES = {"argoproj.io/workflows.ParallelSteps": "[]argoproj.io/workflows.WorkflowStep"}
"""Types that JSON writes as if they were another one."""


def templated(schema: dict[str, Any]) -> dict[str, Any]:
    """Return ``schema`` widened by texts that hold a tag, where it restricts texts at all."""
    if "enum" in schema or "pattern" in schema:
        return {"anyOf": [schema, {"type": "string", "pattern": TAG}]}
    return schema
