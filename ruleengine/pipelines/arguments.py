"""Inputs bound to arguments (reference, Workflows 4)."""

from collections.abc import Callable, Iterable

from ruleengine.model.values import Object, Value, lookup
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.texts import as_text

ReadKey = Callable[[str, str], str | None]
"""Returns the value of a ConfigMap's key, ``None`` where there is none."""


def workflow_parameters(spec: Object, read_key: ReadKey) -> list[Object]:
    """Return the arguments of a workflow with their values.

    Raises ``NodeError`` for one without a value.
    """
    found = []
    for one in lookup(spec, "arguments", "parameters", default=()):
        value = _own_value(one, read_key)
        if value is None:
            raise NodeError(f"spec.arguments.{one['name']}.value is required")
        found.append({**_described(one), "value": value})
    return found


def bind(template: Object, arguments: Object, read_key: ReadKey) -> Object:
    """Return the inputs of a template with their values.

    An argument wins over the input's own value, that over its default. Raises ``NodeError``
    for an input that gets no value.
    """
    inputs = template.get("inputs") or {}
    given = {one["name"]: one for one in arguments.get("parameters") or ()}
    parameters = [
        _parameter(one, given.get(one["name"]), read_key) for one in inputs.get("parameters") or ()
    ]
    passed = {one["name"]: one for one in arguments.get("artifacts") or ()}
    artifacts = list(_artifacts(inputs.get("artifacts") or (), passed))
    bound: Object = {}
    if parameters:
        bound["parameters"] = parameters
    if artifacts:
        bound["artifacts"] = artifacts
    return bound


def _parameter(declared: Object, argument: Object | None, read_key: ReadKey) -> Object:
    name = declared["name"]
    value = None
    if argument is not None:
        value = _own_value(argument, read_key)
    if value is None:
        value = _own_value(declared, read_key)
    if value is None:
        raise NodeError(f"inputs.parameters.{name} was not supplied")
    return {**_described(declared), "value": value}


def _described(parameter: Object) -> Object:
    return {key: parameter[key] for key in ("name", "enum", "description") if key in parameter}


def _own_value(parameter: Object, read_key: ReadKey) -> str | None:
    if parameter.get("value") is not None:
        return as_text(parameter["value"])
    if reference := lookup(parameter, "valueFrom", "configMapKeyRef"):
        found = read_key(str(reference.get("name")), str(reference.get("key")))
        if found is not None:
            return found
        default = lookup(parameter, "valueFrom", "default")
        if default is not None:
            return as_text(default)
        where = f"{reference.get('name')}/{reference.get('key')}"
        raise NodeError(f"the ConfigMap and key {where} of {parameter['name']} do not exist")
    default = parameter.get("default")
    return None if default is None else as_text(default)


_OWN_WORDS = ("name", "path", "mode", "optional", "recurseMode", "archive", "subPath")


def _artifacts(declared: Iterable[Object], passed: dict[str, Object]) -> Iterable[Object]:
    """Yield input artifacts with where their content comes from; optional ones may have none."""
    for one in declared:
        argument = passed.get(one["name"])
        source = argument if argument is not None else one
        located = _location(source)
        if not located:
            if one.get("optional"):
                continue
            raise NodeError(f"inputs.artifacts.{one['name']} was not supplied")
        yield {**{key: one[key] for key in _OWN_WORDS if key in one}, **located}


def _location(artifact: Object) -> dict[str, Value]:
    words = (*_OWN_WORDS, "globalName", "from", "fromExpression", "artifactGC", "deleted")
    return {key: value for key, value in artifact.items() if key not in words and value is not None}
