"""What a server answered, without what differs between any two servers, and how two differ."""

import re
from collections.abc import Iterator
from typing import Any

from ruleengine.model.values import Object
from tests.kubernetes.sequences import Answer

_OWN = frozenset({
    "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "selfLink",
    "clusterIP", "clusterIPs", "continue", "lastTransitionTime", "lastUpdateTime", "startTime",
    "firstTimestamp", "lastTimestamp", "expirationTimestamp", "token", "lastProbeTime",
    "storageVersionHash", "lastPhaseTransitionTime", "nodePort", "controller-uid",
    "batch.kubernetes.io/controller-uid",
})  # fmt: skip
"""Identities, times and addresses: every server gives its own."""

_CHANCE = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\b10\.96\.\d+\.\d+"), "<address>"),
    (re.compile(r"^\d+s$"), "<age>"),
)
"""Parts of texts that are another one each time."""

_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
"""Every server lets pods tolerate them, ours where the node looks."""


_ABSENT = "<absent>"


def common(answer: Answer, *, managed: bool) -> Object:
    """Return the part of an answer that another server should give, too.

    Fields that hold nothing count as absent, as servers differ in whether they write them; of a
    refusal its reason counts, not its wording, and not which of several causes are listed.
    """
    value = answer.value
    if answer.status >= 300:
        reason = value.get("reason") if isinstance(value, dict) else ""
        return {"status": answer.status, "reason": reason or ""}
    return {"status": answer.status, "value": _plain(value, managed)}


def _plain(value: Any, managed: bool) -> Any:
    if isinstance(value, dict):
        kept = (key for key in value if key not in _OWN and (managed or key != "managedFields"))
        found = {
            key: _owned(value[key])
            if key == "fieldsV1"
            else _part(key, _plain(value[key], managed))
            for key in kept
        }
        return {key: inner for key, inner in found.items() if inner not in (None, {}, [], "")}
    if isinstance(value, list):
        return [_plain(inner, managed) for inner in value]
    if isinstance(value, str):
        for pattern, word in _CHANCE:
            value = pattern.sub(word, value)
    return value


def _owned(fields: Any) -> list[str]:
    """Return the paths of a field set: its leaves hold nothing, so they would count as absent."""
    if not isinstance(fields, dict):
        return []
    steps = ((_plain(step, managed=True), one) for step, one in fields.items())
    return sorted(f"{step}/{rest}" for step, one in steps for rest in _owned(one) or [""])


def _part(key: str, value: Any) -> Any:
    """Return a field without what is told in its place otherwise, or in another order."""
    if key == "verbs" and isinstance(value, list):
        return sorted(value)
    if key in ("volumes", "volumeMounts") and isinstance(value, list):
        return [one for one in value if not str(one.get("name")).startswith("kube-api-access-")]
    if key == "tolerations" and isinstance(value, list):
        return [one for one in value if one.get("key") not in _TAINTS]
    if key == "columnDefinitions" and isinstance(value, list):
        return [{name: one.get(name) for name in ("name", "type", "priority")} for one in value]
    if key == "items" and isinstance(value, list):
        return [{**one, "kind": "", "apiVersion": ""} for one in value]
    return value


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield where two parts of answers differ, and what stands there."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            step = f"{path}.{key}" if path else key
            yield from differences(ours.get(key, _ABSENT), theirs.get(key, _ABSENT), step)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{path}[{index}]")
    elif ours != theirs:
        yield path, ours, theirs
