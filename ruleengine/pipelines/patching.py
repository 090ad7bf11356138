"""``podSpecPatch``: the last word on the spec of a pod (reference, Workflows 20)."""

from ruleengine.apimachinery.patches import PatchError
from ruleengine.apimachinery.schema import schema_for
from ruleengine.apimachinery.strategic_merge import strategic_merge
from ruleengine.model.values import Object
from ruleengine.pipelines.problems import NodeError


def patched(pod: Object, spec: Object, template: Object) -> Object:
    """Return the spec of a pod with the patches of the workflow and of the template.

    Raises ``NodeError`` for a patch that is no YAML or JSON map.
    """
    for stated in (spec.get("podSpecPatch"), template.get("podSpecPatch")):
        if stated:
            try:
                pod = strategic_merge(
                    pod, _read(str(stated)), schema_for("v1", "Pod").child("spec")
                )
            except PatchError as error:
                raise NodeError(f"podSpecPatch: {error}") from error
    return pod


def _read(text: str) -> Object:
    from ruleengine.formats import yaml_reader  # late: few workflows need it

    parsed = yaml_reader.read(text.encode(), "podSpecPatch")
    if parsed.findings:
        raise NodeError(f"podSpecPatch: {parsed.findings[0].message}")
    values = [one.value for one in parsed.documents]
    if len(values) != 1 or not isinstance(values[0], dict):
        raise NodeError("podSpecPatch is no map in YAML or JSON")
    return values[0]
