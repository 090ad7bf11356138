"""Inputs bound to arguments (reference, Workflows 4)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ruleengine.model.actions import Target
from ruleengine.model.decisions import World
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.labels import CONFIG_MAP_TYPE
from ruleengine.pipelines.locations import below, location_of
from ruleengine.pipelines.problems import (
    AbsentError,
    InvalidSpecError,
    NoArgumentError,
    NodeError,
)
from ruleengine.pipelines.substituting import evaluate
from ruleengine.pipelines.texts import as_text

ReadKey = Callable[[str, str], str]
"""Returns the value of a ConfigMap's key. Raises ``NodeError``, ``AbsentError`` for none."""


def workflow_parameters(spec: Object, read_key: ReadKey) -> list[Object]:
    """Return the arguments of a workflow with their values.

    Raises ``InvalidSpecError`` for one without a value, ``NoArgumentError`` for one whose source
    cannot be read.
    """
    found = []
    for one in lookup(spec, "arguments", "parameters", default=()):
        value = _own_value(one, lambda of: _of_workflow(of, read_key))
        if value is None:
            raise InvalidSpecError(f"spec.arguments.{one['name']}.value is required")
        found.append({**_described(one), "value": value})
    return found


def parameter_of(world: World, namespace: str, name: str, key: str) -> str:
    """Return the value of a key of a ConfigMap that is meant for parameters.

    Raises ``NodeError`` for a ConfigMap without the label that says so, ``AbsentError`` for none.
    """
    found = world.get(Target("v1", "ConfigMap", namespace, name))
    if found is None:
        raise AbsentError(
            f"ConfigMap '{name}' does not exist. Please make sure it has the label "
            f"{CONFIG_MAP_TYPE}: Parameter to be detectable by the controller"
        )
    if lookup(found, "metadata", "labels", CONFIG_MAP_TYPE) != "Parameter":
        raise NodeError(
            f"ConfigMap '{name}' needs to have the label {CONFIG_MAP_TYPE}: Parameter "
            "to load parameters"
        )
    value = lookup(found, "data", key)
    if value is None:
        raise AbsentError(f"ConfigMap '{name}' does not have the key '{key}'")
    return str(value)


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
    def read(of: Object) -> str:
        return _of_input(of, read_key)

    name = declared["name"]
    value = None
    if argument is not None:
        value = _own_value(argument, read)
    if value is None:
        value = _own_value(declared, read)
    if value is None:
        raise NodeError(f"inputs.parameters.{name} was not supplied")
    return {**_described(declared), "value": value}


_DESCRIBED = ("name", "default", "enum", "description")
"""What a parameter says besides its value; who resumes a suspended node may need all of it."""


def _described(parameter: Object) -> Object:
    return {key: parameter[key] for key in _DESCRIBED if key in parameter}


def _own_value(parameter: Object, read: Callable[[Object], str]) -> str | None:
    if parameter.get("value") is not None:
        return as_text(parameter["value"])
    if lookup(parameter, "valueFrom", "configMapKeyRef"):
        return read(parameter)
    default = parameter.get("default")
    return None if default is None else as_text(default)


def _of_input(parameter: Object, read_key: ReadKey) -> str:
    """Return the value of an input in a ConfigMap; its default stands in for one that is none."""
    name, key = _reference(parameter)
    try:
        return read_key(name, key)
    except NodeError as error:
        default = _stand_in(parameter)
        if default is not None and isinstance(error, AbsentError):
            return default
        where = f"inputs.parameters.{parameter['name']}"
        raise NodeError(f"unable to retrieve {where} from ConfigMap: {error}") from error


def _of_workflow(parameter: Object, read_key: ReadKey) -> str:
    """Return the value of an argument in a ConfigMap; its default stands in whatever is wrong."""
    name, key = _reference(parameter)
    try:
        return read_key(name, key)
    except NodeError as error:
        default = _stand_in(parameter)
        if default is not None:
            return default
        raise NoArgumentError(
            f"failed to set global parameter {parameter['name']} from configmap with name {name} "
            f"and key {key}: {error}"
        ) from error


def _reference(parameter: Object) -> tuple[str, str]:
    reference = lookup(parameter, "valueFrom", "configMapKeyRef")
    return str(reference.get("name")), str(reference.get("key"))


def _stand_in(parameter: Object) -> str | None:
    stated = lookup(parameter, "valueFrom", "default")
    return as_text(stated) if stated is not None else None


_DECLARED = ("name", "path", "mode", "optional", "recurseMode", "archive", "subPath")
_PASSED = ("archive", "subPath", "deleted")
"""What an artifact that is passed says itself; the rest is the input's to say."""


def _artifacts(declared: Iterable[Object], passed: dict[str, Object]) -> Iterable[Object]:
    """Yield input artifacts with where their content lies; optional ones may have nothing."""
    for one in declared:
        kept = {key: one[key] for key in _DECLARED if key in one}
        argument = passed.get(one["name"], {})
        located = location_of(argument)
        if located:
            kept = {key: value for key, value in kept.items() if key != "subPath"}
            yield {**kept, **{key: argument[key] for key in _PASSED if key in argument}, **located}
            continue
        located = location_of(one)
        if not located and not one.get("optional"):
            raise NodeError(f"inputs.artifacts.{one['name']} was not supplied")
        yield {**kept, **located}


def with_artifacts(holder: Object, variables: Mapping[str, Any]) -> Object:
    """Return a step, a task or a hook whose artifacts say where their content lies.

    What stands in ``from`` or ``fromExpression`` is replaced; an artifact that was never made
    is left out. Raises ``NodeError`` for a reference to nothing, unless it is optional.
    """
    artifacts = lookup(holder, "arguments", "artifacts")
    if not artifacts:
        return holder
    found = [made for one in artifacts if (made := passed_artifact(one, variables)) is not None]
    return {**holder, "arguments": {**holder["arguments"], "artifacts": found}}


def passed_artifact(stated: Object, variables: Mapping[str, Any]) -> Object | None:
    """Return an artifact with the location of the one that it is taken from.

    ``None`` for one that was never made. Raises ``NodeError``.
    """
    if not (stated.get("from") or stated.get("fromExpression")):
        return stated
    taken, what = _taken(stated, variables)
    if taken is None or (isinstance(taken, dict) and not location_of(taken)):
        return None
    if not isinstance(taken, dict):
        if stated.get("optional"):
            return None
        raise NodeError(f"the artifact '{stated['name']}' is taken from {what}, which is none")
    words = ("name", "globalName", "artifactGC")
    kept = {key: stated[key] for key in words if stated.get(key)}
    location = below(location_of(taken), str(stated.get("subPath") or ""))
    source = {key: taken[key] for key in _PASSED if key in taken and key != "subPath"}
    return {**kept, **source, **location}


def _taken(stated: Object, variables: Mapping[str, Any]) -> tuple[Any, str]:
    """Return what an artifact is taken from, ``None`` if it was never made, and its name."""
    if stated.get("fromExpression"):
        text = str(stated["fromExpression"])
        return evaluate(text, variables), f"the expression {text!r}"
    name = str(stated["from"]).strip().removeprefix("{{").removesuffix("}}").strip()
    return variables.get(name, False), name
