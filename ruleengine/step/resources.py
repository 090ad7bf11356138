"""``step resource``: creates, changes, reads or deletes one object, and waits for its conditions.

What kubectl does for Argo's ``resource`` templates (reference, Workflows 3.1), by the API alone.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from ruleengine.apimachinery.selectors import SelectorError, parse_label_selector
from ruleengine.expressions import gjson
from ruleengine.expressions.language import INPUT, ExpressionError
from ruleengine.formats import yaml_reader
from ruleengine.formats.json_text import dumps
from ruleengine.model.names import STEP_MANAGER
from ruleengine.model.values import Object, lookup
from ruleengine.services.artifacts.store import Access
from ruleengine.step.access import PodAccess
from ruleengine.step.api import JSON, Api, ApiAnswerError, path_of
from ruleengine.step.loading import manifest_text
from ruleengine.step.plan import FailedStepError, Plan, StepError, made

_PAUSE: Final = 1.0
_MEDIA: Final = {
    "strategic": "application/strategic-merge-patch+json",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}
_SUBRESOURCE: Final = "--subresource="
_IGNORE_ABSENT: Final = "--ignore-not-found"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an object lies at the API: its collection, its name, and a subresource."""

    collection: str
    name: str
    subresource: str = ""

    @property
    def path(self) -> str:
        whole = f"{self.collection}/{path_of((self.name,)).lstrip('/')}"
        return f"{whole}/{self.subresource}" if self.subresource else whole


def perform(
    plan: Plan,
    api: Api,
    pause: Callable[[float], None] = time.sleep,
    access: Access | None = None,
) -> Object:
    """Do what a resource template says, wait for its conditions; return the outputs.

    Raises ``FailedStepError`` where the failure condition holds, ``StepError`` for everything
    that cannot be done.
    """
    stated = plan.resource
    action = str(stated.get("action"))
    if plan.inputs:
        text = manifest_text(plan.inputs[0], access or PodAccess())
    else:
        text = str(stated.get("manifest") or "")
    manifest = _manifest(text)
    place = _place(api, manifest, plan.namespace, _subresource(stated))
    if stated.get("setOwnerReference") and action in ("create", "apply", "replace"):
        manifest = _owned(manifest, plan.owner)
    found = _act(api, action, stated, manifest, place)
    if action == "delete":
        return {}
    if found.get("metadata", {}).get("name"):
        place = _Place(place.collection, str(found["metadata"]["name"]))
    return _outputs(plan, _waited_for(api, stated, place, found, pause))


def _manifest(text: str) -> Object:
    parsed = yaml_reader.read(text.encode(), "manifest")
    if parsed.findings:
        one = parsed.findings[0]
        raise StepError(f"the manifest is no YAML: {one.message}")
    values = [one.value for one in parsed.documents if one.value]
    if len(values) != 1:
        raise StepError(f"a resource template has one manifest, this has {len(values)}")
    value = values[0]
    if not isinstance(value, dict) or not (value.get("apiVersion") and value.get("kind")):
        raise StepError("the manifest has no apiVersion and kind")
    return value


def _subresource(stated: Object) -> str:
    subresource = ""
    for flag in stated.get("flags") or ():
        if str(flag).startswith(_SUBRESOURCE):
            subresource = str(flag).removeprefix(_SUBRESOURCE)
        elif flag != _IGNORE_ABSENT:
            raise StepError(
                f"the flag {flag!r} of a resource template is not honoured; "
                f"{_SUBRESOURCE}NAME and {_IGNORE_ABSENT} are"
            )
    return subresource


def _place(api: Api, manifest: Object, namespace: str, subresource: str) -> _Place:
    version, kind = str(manifest["apiVersion"]), str(manifest["kind"])
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    known = api.get(root).get("resources") or ()
    info = next((one for one in known if one["kind"] == kind and "/" not in one["name"]), None)
    if info is None:
        raise StepError(f"the server has no kind {kind} in {version}")
    metadata = manifest.get("metadata") or {}
    collection = f"{root}/{info['name']}"
    if info.get("namespaced"):
        where = str(metadata.get("namespace") or namespace)
        collection = f"{root}/namespaces/{where}/{info['name']}"
    return _Place(collection, str(metadata.get("name") or ""), subresource)


def _owned(manifest: Object, owner: Object) -> Object:
    metadata = manifest.get("metadata") or {}
    owners = [*(metadata.get("ownerReferences") or ()), owner]
    return {**manifest, "metadata": {**metadata, "ownerReferences": owners}}


def _act(api: Api, action: str, stated: Object, manifest: Object, place: _Place) -> Object:
    manager = urlencode({"fieldManager": STEP_MANAGER})
    match action:
        case "get":
            return api.get(place.path)
        case "create":
            return api.send("POST", f"{place.collection}?{manager}", manifest)
        case "apply":
            return api.apply(place.path, manifest, STEP_MANAGER)
        case "replace":
            return api.send("PUT", f"{place.path}?{manager}", _current(api, manifest, place))
        case "patch":
            media = _MEDIA.get(str(stated.get("mergeStrategy") or "strategic"))
            if media is None:
                raise StepError(f"mergeStrategy is one of {', '.join(_MEDIA)}")
            return api.send("PATCH", f"{place.path}?{manager}", manifest, media)
        case "delete":
            return _delete(api, stated, place)
        case _:
            raise StepError(f"there is no action {action!r} of resource templates")


def _current(api: Api, manifest: Object, place: _Place) -> Object:
    """Return a manifest with the version that it replaces."""
    version = lookup(api.get(place.path), "metadata", "resourceVersion")
    return {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": version}}


def _delete(api: Api, stated: Object, place: _Place) -> Object:
    try:
        return api.send("DELETE", place.path, None, JSON)
    except ApiAnswerError as error:
        if error.status == 404 and _IGNORE_ABSENT in (stated.get("flags") or ()):
            return {}
        raise


def _waited_for(
    api: Api, stated: Object, place: _Place, found: Object, pause: Callable[[float], None]
) -> Object:
    success, failure = (str(stated.get(f"{one}Condition") or "") for one in ("success", "failure"))
    while success or failure:
        if failure and holds(failure, found):
            raise FailedStepError(f"failure condition '{failure}' evaluated true")
        if success and holds(success, found):
            break
        pause(_PAUSE)
        found = api.get(place.path)
    return found


def holds(condition: str, found: Object) -> bool:
    """Tell whether a condition like ``status.succeeded > 9`` holds for an object.

    Keys are gjson paths, the rest is that of label selectors. Raises ``StepError``.
    """
    try:
        selector = parse_label_selector(condition)
    except SelectorError as error:
        raise StepError(f"the condition {condition!r} cannot be read: {error}") from error
    keys = [one.key for one in selector.requirements]
    return selector.matches(dict(_texts(keys, found)))


def _texts(keys: list[str], found: Object) -> Iterator[tuple[str, str]]:
    document = gjson.Document(dumps(found))
    for key in keys:
        result = document.get(key)
        if result.exists:
            yield key, result.text


def _outputs(plan: Plan, found: Object) -> Object:
    parameters = []
    for declared in plan.parameters:
        value = _value(declared, found)
        if value is None:
            raise StepError(f"the output parameter {declared['name']!r} has no value")
        parameters.append(made(declared, value))
    return {"parameters": parameters} if parameters else {}


def _value(declared: Object, found: Object) -> str | None:
    """Return what a path or a filter finds in an object; else the default.

    Raises ``StepError`` for a path or filter that is none, unless there is a default.
    """
    default = declared.get("default")
    try:
        if declared.get("jsonPath"):
            from ruleengine.expressions import jsonpath

            return jsonpath.compile(str(declared["jsonPath"])).eval({INPUT: found})
        if declared.get("jqFilter"):
            from ruleengine.expressions import jq

            outputs = jq.compile(str(declared["jqFilter"])).eval({INPUT: found})
            return "\n".join(one if isinstance(one, str) else dumps(one) for one in outputs)
    except ExpressionError as error:
        if default is None:
            what = f"the output parameter {declared['name']!r}: {error}"
            raise StepError(what) from error
    return None if default is None else str(default)
