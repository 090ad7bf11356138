"""Outputs of steps and DAGs: what their children made, under names of their own."""

from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.arguments import passed_artifact
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.substituting import evaluate, substitute, tags_of
from ruleengine.pipelines.texts import as_text
from ruleengine.pipelines.variables import Variables


def outputs_of(template: Object, variables: Variables) -> Object:
    """Return the outputs of a template of steps or tasks.

    Raises ``NodeError`` for one without a value and without a default.
    """
    declared = template.get("outputs") or {}
    found: Object = {}
    parameters = [_parameter(one, variables) for one in declared.get("parameters") or ()]
    artifacts = [
        made for one in declared.get("artifacts") or () if (made := _artifact(one, variables))
    ]
    if parameters:
        found["parameters"] = parameters
    if artifacts:
        found["artifacts"] = artifacts
    return found


def exported(outputs: Object, known: Object) -> Object:
    """Return the outputs of a workflow with those of a node that have a ``globalName``."""
    merged = known
    for kind in ("parameters", "artifacts"):
        named = [
            {**{k: v for k, v in one.items() if k != "globalName"}, "name": one["globalName"]}
            for one in outputs.get(kind) or ()
            if one.get("globalName")
        ]
        if named:
            names = {one["name"] for one in named}
            kept = [one for one in merged.get(kind) or () if one["name"] not in names]
            merged = {**merged, kind: [*kept, *named]}
    return merged


def _parameter(declared: Object, variables: Variables) -> Object:
    value = _value(declared, variables)
    if value is None:
        default = lookup(declared, "valueFrom", "default")
        if default is None:
            raise NodeError(f"output parameter '{declared['name']}' has no value and no default")
        value = as_text(default)
    kept = {key: declared[key] for key in ("name", "globalName") if declared.get(key)}
    return {**kept, "value": value}


def _value(declared: Object, variables: Variables) -> str | None:
    source = declared.get("valueFrom") or {}
    if source.get("parameter") is not None:
        return _referenced(str(source["parameter"]), variables)
    if source.get("expression") is not None:
        try:
            value = evaluate(str(source["expression"]), variables)
        except NodeError:
            if source.get("default") is not None:
                return None
            raise
        return None if value is None else as_text(value)
    if declared.get("value") is not None:
        return as_text(declared["value"])
    return None


def _referenced(text: str, variables: Variables) -> str | None:
    """Return what a reference, with or without braces, stands for."""
    tag = text if "{{" in text else f"{{{{{text}}}}}"
    known = {name: value for name, value in variables.items() if value is not None}
    replaced = str(substitute(tag, known))
    return None if tags_of(replaced) else replaced


def _artifact(declared: Object, variables: Variables) -> Object | None:
    """Return where the content of an output artifact lies; ``None`` for an optional one."""
    found = passed_artifact(declared, variables)
    if found is None and not declared.get("optional"):
        raise NodeError(f"output artifact '{declared['name']}' has no content")
    return found
