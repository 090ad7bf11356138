"""Subresources that are not the object itself: scale, logs, bindings, evictions, tokens."""

from ruleengine.local.api.catalog import Served
from ruleengine.local.api.failures import bad_request
from ruleengine.model.values import Object, Path, lookup


def scale_of(value: Object, served: Served) -> Object:
    """Return the ``Scale`` of an object."""
    spec_path, status_path, selector_path = _scale_paths(served)
    metadata = {
        name: value["metadata"][name]
        for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
        if name in value["metadata"]
    }
    status: Object = {"replicas": lookup(value, *status_path, default=0)}
    selector = lookup(value, *selector_path) if selector_path else None
    if selector:
        status["selector"] = _selector_text(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": lookup(value, *spec_path, default=0)},
        "status": status,
    }


def with_scale(value: Object, scale: Object, served: Served) -> Object:
    """Return an object scaled as a ``Scale`` says. Raises ``ApiFailure`` 400."""
    replicas = lookup(scale, "spec", "replicas", default=0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        raise bad_request("spec.replicas of a Scale must be a whole number of 0 or more")
    spec_path, _, _ = _scale_paths(served)
    metadata = {**value["metadata"]}
    stated = lookup(scale, "metadata", "resourceVersion")
    metadata["resourceVersion"] = stated or metadata["resourceVersion"]
    return {**_with(value, spec_path, replicas), "metadata": metadata}


def _with(value: Object, path: Path, inner: object) -> Object:
    head, rest = str(path[0]), path[1:]
    if not rest:
        return {**value, head: inner}
    return {**value, head: _with(value.get(head) or {}, rest, inner)}


def _scale_paths(served: Served) -> tuple[Path, Path, Path]:
    stated = lookup(served.definition, "subresources", "scale")
    if stated is None:
        return ("spec", "replicas"), ("status", "replicas"), ("spec", "selector")
    paths = (stated.get(name, "") for name in ("specReplicasPath", "statusReplicasPath"))
    spec, status = (tuple(str(one).strip(".").split(".")) for one in paths)
    selector = str(stated.get("labelSelectorPath", "")).strip(".")
    return spec, status, tuple(selector.split(".")) if selector else ()


def _selector_text(selector: object) -> str:
    if isinstance(selector, str):
        return selector
    if not isinstance(selector, dict):
        return ""
    labels = selector.get("matchLabels") or {
        name: text for name, text in selector.items() if isinstance(text, str)
    }
    return ",".join(f"{name}={text}" for name, text in sorted(labels.items()))
