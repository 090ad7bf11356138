"""Every field of an Argo kind that a document uses, down to its values, by the types' facts.

A short form is read as what it stands for (:mod:`ruleengine.validation.short_forms`); an Argo
document inside another one (a workflow that a sensor starts) has fields of its own.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final

from ruleengine.apimachinery.facts import facts, fields_of
from ruleengine.apimachinery.support import is_listed
from ruleengine.model.documents import Document, Form
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, Path, Value
from ruleengine.validation.short_forms import Part, parts_of

_IDENTITY: Final = ("apiVersion", "kind", "metadata", "status")
_LIST: Final = "[]"
_MAP: Final = "map[string]"
_ALIASES: Final = {"argoproj.io/workflows.ParallelSteps": "[]argoproj.io/workflows.WorkflowStep"}
"""Types that documents write as if they were another one."""


def fields_in(document: Document) -> Iterator[Part]:
    """Yield the deepest fields that a document uses, each with its value.

    A field is written as in the support tables: ``[]`` stands for an element of a list,
    ``{}`` for a key of a map.
    """
    if document.form is Form.SHORT:
        for part in parts_of(document):
            yield from _used(part, _type_at(part.kind, part.field))
    else:
        yield from _of_object(document.value, ())


def _of_object(value: Object, path: Path) -> Iterator[Part]:
    kind = str(value.get("kind"))
    if value.get("apiVersion") != ARGO_API_VERSION or not is_listed(kind):
        return
    known = fields_of(_root(kind))
    for name, inner in value.items():
        if name not in _IDENTITY and name in known:
            yield from _used(Part(kind, name, (*path, name), inner), known[name]["type"])


def _used(part: Part, type_name: str) -> Iterator[Part]:
    """Yield the deepest fields at and below one value of a type."""
    kind, field, path, value = part
    type_name = _ALIASES.get(type_name, type_name)
    if type_name.startswith(_LIST):
        inner = type_name.removeprefix(_LIST)
        items = list(enumerate(value)) if isinstance(value, list) else []
        if not items:  # one element may be written without its list
            yield from _used(Part(kind, f"{field}[]", path, value), inner)
        for index, one in items:
            yield from _used(Part(kind, f"{field}[]", (*path, index), one), inner)
    elif type_name.startswith(_MAP):
        inner = type_name.removeprefix(_MAP)
        if not isinstance(value, dict) or not value:
            yield Part(kind, f"{field}{{}}", path, value)
        else:
            for key, one in value.items():
                yield from _used(Part(kind, f"{field}{{}}", (*path, key), one), inner)
    elif known := _known_below(type_name, value):
        for name, one in known.items():
            below = Part(kind, f"{field}.{name}", (*path, name), one)
            yield from _used(below, fields_of(type_name)[name]["type"])
    else:
        yield part
        if isinstance(value, dict):
            yield from _of_object(value, path)


def _known_below(type_name: str, value: Value) -> Object:
    fields = fields_of(type_name) if isinstance(value, dict) else {}
    return {name: one for name, one in value.items() if name in fields} if fields else {}


def _type_at(kind: str, field: str) -> str:
    """Return the type of a field of a kind."""
    type_name = _root(kind)
    for step in field.split("."):
        name = step.rstrip("[]{}")
        type_name = fields_of(type_name)[name]["type"]
        wrapping = step[len(name) :]
        while wrapping:
            type_name = _ALIASES.get(type_name, type_name)
            start = _LIST if wrapping.startswith("[]") else _MAP
            type_name = type_name.removeprefix(start)
            wrapping = wrapping[2:]
    return type_name


@cache
def _root(kind: str) -> str:
    """Return the name of the type of an Argo kind."""
    types: Object = facts("argo")["types"]
    return next(name for name in types if name.rpartition(".")[2] == kind)
