"""Parameters: values of events put into what a trigger starts (reference, Events 11).

A parameter is resolved to a piece of JSON (a text for templates and defaults) and written by
a path of sjson into the JSON of the object. The order of parameters counts, and the first
that cannot be resolved ends all. A dependency that has not happened, as with ``||``, is no
error: its parameters are left out, unless they have a default.
"""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from ruleengine.expressions import sjson
from ruleengine.expressions.gjson import Document, Kind, Result
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats import go_json, json_text, yaml_reader
from ruleengine.model.events import JSON_TYPE, CloudEvent
from ruleengine.model.values import Object
from ruleengine.triggers.problems import WrongError
from ruleengine.triggers.templates import NoTextError, check, render
from ruleengine.triggers.values import flag, mapping, maps, text

APPEND, OVERWRITE, PREPEND = "append", "overwrite", "prepend"
_OPERATIONS: Final = ("", APPEND, OVERWRITE, PREPEND)
_YAML_TYPE: Final = "application/yaml"


class ParameterError(Exception):
    """A parameter that cannot be resolved or written; the message is Argo's where it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value comes from. ``value`` is the default, ``None`` where there is none."""

    dependency: str
    context_key: str = ""
    context_template: str = ""
    data_key: str = ""
    data_template: str = ""
    value: str | None = None
    raw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value, the path that it is written to, and what becomes of the value that is there."""

    source: Source
    dest: str
    operation: str = ""

    @classmethod
    def read(cls, value: Object, where: str) -> Self:
        """Read a parameter. Raises ``WrongError`` with Argo's words, where it has any."""
        if value.get("src") is None:
            raise WrongError(f"{where}. err: parameter source can't be empty")
        src = mapping(value, "src", where)
        dest, operation = text(value, "dest", where), text(value, "operation", where)
        dependency = text(src, "dependencyName", f"{where}.src")
        if not dependency:
            raise WrongError(f"{where}. err: parameter dependency name can't be empty")
        if not dest:
            raise WrongError(f"{where}. err: parameter destination can't be empty")
        if operation not in _OPERATIONS:
            raise WrongError(f"{where}. err: parameter operation {operation} is invalid")
        source = Source(
            dependency=dependency,
            context_key=text(src, "contextKey", f"{where}.src"),
            context_template=text(src, "contextTemplate", f"{where}.src"),
            data_key=text(src, "dataKey", f"{where}.src"),
            data_template=text(src, "dataTemplate", f"{where}.src"),
            value=None if src.get("value") is None else text(src, "value", f"{where}.src"),
            raw=flag(src, "useRawData", f"{where}.src"),
        )
        for template in (source.context_template, source.data_template):
            problem = template and check(template)
            if problem:
                raise WrongError(f"{where}.src: {problem}")
        return cls(source=source, dest=dest, operation=operation)


def read_parameters(value: Object, where: str) -> tuple[Parameter, ...]:
    """Read the ``parameters`` of a map. Raises ``WrongError``."""
    found = maps(value, "parameters", where)
    return tuple(Parameter.read(one, f"{where} index: {at}") for at, one in enumerate(found))


def resolve(source: Source, events: Mapping[str, CloudEvent]) -> Result | None:
    """Return the value of a parameter; ``None`` where its dependency has not happened.

    Raises ``ParameterError``.
    """
    event = events.get(source.dependency)
    default = None if source.value is None else _text_result(source.value)
    asked = (source.context_key, source.context_template, source.data_key, source.data_template)
    if event is None or not any(asked):
        if default is not None or event is None:
            return default
        return Result(Kind.JSON, _whole(event))
    cause = ""
    try:
        found = _found(source, event)
        if found is not None:
            return found
    except NoTextError as error:
        cause = str(error)
    except ParameterError:
        if default is None:
            raise
    if default is not None:
        return default
    raise ParameterError(
        f"unable to resolve '{source.dependency}' parameter value. err: {cause or '<nil>'}"
    )


def apply(document: str, parameters: Iterable[Parameter], events: Mapping[str, CloudEvent]) -> str:
    """Return JSON text with parameters written into it. Raises ``ParameterError``."""
    for one in parameters:
        result = resolve(one.source, events)
        if result is not None:
            try:
                document = _write(document, one, result)
            except ExpressionError as error:
                raise ParameterError(f"parameter {one.dest}: {error}") from error
    return document


def _found(source: Source, event: CloudEvent) -> Result | None:
    """Return what templates and keys find; raises ``NoTextError`` where only a template fails.

    A template that fails gives way to the key beside it.
    """
    of_data = bool(source.data_key or source.data_template)
    key = source.data_key if of_data else source.context_key
    template = source.data_template if of_data else source.context_template
    subject = _json(event) if of_data else json_text.dumps(event.context)
    failure: NoTextError | None = None
    if template:
        try:
            return _text_result(render(template, go_json.unmarshal(subject), event))
        except NoTextError as error:
            failure = error
    if key:
        result = Document(subject).get(key)
        if result.exists:
            return Result(Kind.NULL, "null") if result.kind is Kind.NULL else result
    if failure is not None:
        raise failure
    return None


def _json(event: CloudEvent) -> str:
    """Return the data of an event as JSON text. Raises ``ParameterError``."""
    if event.content_type == JSON_TYPE:
        try:
            return Document(event.data).text
        except ExpressionError as error:
            raise ParameterError("event data is not valid JSON") from error
    if event.content_type == _YAML_TYPE:
        parsed = yaml_reader.read(event.data.encode(), "event")
        if parsed.documents:
            return go_json.marshal(parsed.documents[0].value)
    raise ParameterError(f"unsupported event content type: {event.content_type}")


def _whole(event: CloudEvent) -> str:
    """Return an event as JSON, its data in base64."""
    data = base64.b64encode(event.data.encode()).decode()
    return json_text.dumps({"context": event.context, "data": data})


def _write(document: str, parameter: Parameter, result: Result) -> str:
    place = sjson.compile(parameter.dest)
    joined = None
    if parameter.operation in (APPEND, PREPEND):
        current = Document(document).get(parameter.dest)
        if current.exists:
            pair = (text_of(current), text_of(result))
            joined = "".join(pair if parameter.operation == APPEND else reversed(pair))
    elif parameter.operation not in _OPERATIONS:
        raise ParameterError(f"unsupported trigger parameter operation: {parameter.operation}")
    if joined is None and parameter.source.raw and result.kind is not Kind.STRING:
        return place.set_raw(document, result.raw)
    return place.set(document, text_of(result) if joined is None else joined)


def text_of(result: Result) -> str:
    """Return a resolved value as text; ``null`` is a word there."""
    return "null" if result.kind is Kind.NULL else result.text


def _text_result(value: str) -> Result:
    return Result(Kind.STRING, go_json.marshal(value))
