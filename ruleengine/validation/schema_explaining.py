"""Says in our own words what is wrong with a document, from the errors of the validator.

Of several schemas that a value might have met, the one that it comes nearest to is
explained. Values are never quoted unless they stand where only certain words may stand, so
that nothing secret is repeated.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ruleengine.model.values import Object, Path, Value, format_path, lookup
from ruleengine.validation.schema_names import nearest

MISSING: Final = "schema-field-missing"
_TYPES: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
    "null": "empty",
}
_FORM: Final = "x-ruleengine-form"
_SHOWN: Final = 12
"""How many names a message lists at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong at one place. ``key`` asks for the position of the key, not of the value."""

    code: str
    path: Path
    message: str
    remedy: str
    key: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of the validator, with the schema that it fails and the schemas above it."""

    kind: Any
    path: Path
    node: Object
    parents: tuple[Object, ...]
    value: Value

    @property
    def name(self) -> str:
        """The keyword that failed."""
        return str(self.kind.name)


class Explainer:
    """Explains errors of one whole schema."""

    def __init__(self, schema: Object) -> None:
        self._schema = schema

    def problems(self, errors: Iterable[Any], document: Value) -> tuple[Problem, ...]:
        """Return what is wrong, once per place and reason."""
        found = [
            problem
            for error in errors
            for problem in self._explain(self._fault(error, document), document)
        ]
        return tuple(dict.fromkeys(_without_consequences(found, document)))

    def _fault(self, error: Any, document: Value) -> Fault:
        nodes = [self._schema]
        node: Any = self._schema
        for step in list(error.evaluation_path)[:-1]:
            node = self._target(node["$ref"]) if step == "$ref" else node[step]
            if isinstance(node, dict):
                nodes.append(node)
        path = tuple(error.instance_path)
        value = lookup(document, *path) if path else document
        parents = tuple(one for one in nodes[:-1] if "properties" in one)
        return Fault(error.kind, path, nodes[-1], parents, value)

    def _target(self, reference: str) -> Object:
        node: Any = self._schema
        for step in reference.removeprefix("#").strip("/").split("/"):
            node = node[step.replace("~1", "/").replace("~0", "~")] if step else node
        return node if isinstance(node, dict) else {}

    def _explain(self, fault: Fault, document: Value) -> Iterator[Problem]:
        name = fault.name
        if name in ("additionalProperties", "unevaluatedProperties"):
            yield from self._unknown_fields(fault, fault.kind.unexpected)
        elif name == "falseSchema" and fault.node.get("additionalProperties") is False:
            yield from self._unknown_fields(fault, list(fault.value))
        elif name == "anyOf" or name.startswith("oneOf"):
            yield from self._alternatives(fault, document)
        else:
            yield _SIMPLE.get(name, _invalid)(fault)

    def _unknown_fields(self, fault: Fault, unexpected: Sequence[str]) -> Iterator[Problem]:
        known = self._fields(fault.node)
        unused = [name for name in known if name not in (fault.value or {})]
        for name in unexpected:
            yield Problem(
                code="schema-field-unknown",
                path=(*fault.path, name),
                message=f"there is no field '{name}'{_inside(fault.path)}",
                remedy=self._suggestion(name, fault, known, unused),
            )

    def _suggestion(self, name: str, fault: Fault, known: dict[str, Any], unused: list[str]) -> str:
        if meant := nearest(name, unused):
            return f"did you mean '{meant}'?"
        if fault.parents and name in self._fields(fault.parents[-1]):
            return f"move it one level up: '{name}' belongs{_inside(fault.path[:-1]) or ' there'}"
        for child, below in known.items():
            if name in self._fields(below):
                return f"move it below '{child}'"
        if meant := nearest(name, known):
            return f"did you mean '{meant}', which is there already?"
        return f"remove it; fields here are {_listed(sorted(known))}" if known else "remove it"

    def _fields(self, node: Any) -> dict[str, Any]:
        """Return the fields that a schema knows, through references and lists."""
        found: dict[str, Any] = {}
        while isinstance(node, dict):
            found.update(node.get("properties", {}))
            node = self._target(node["$ref"]) if "$ref" in node else node.get("items")
        return found

    def _alternatives(self, fault: Fault, document: Value) -> Iterator[Problem]:
        keyword = "anyOf" if fault.name == "anyOf" else "oneOf"
        branches = fault.node.get(keyword, [])
        names = [_required_name(branch) for branch in branches if "not" not in branch]
        if names and all(names):
            if not isinstance(fault.value, dict):
                return  # that it is no map is an error of its own
            yield _exclusive(fault, [name for name in names if name], keyword)
            return
        context = getattr(fault.kind, "context", None) or []
        best = min(context, key=_weight, default=None)
        if not best:
            yield _invalid(fault)
            return
        for error in best:
            yield from self._explain(self._nested(fault, error, branches, document), document)

    def _nested(self, fault: Fault, error: Any, branches: list[Any], document: Value) -> Fault:
        node: Any = self._schema
        nodes = []
        for step in list(error.schema_path)[:-1]:
            node = node[step]
            if isinstance(node, dict):
                nodes.append(node)
        path = tuple(error.instance_path)
        del branches
        value = lookup(document, *path) if path else document
        return Fault(error.kind, path, nodes[-1] if nodes else fault.node, fault.parents, value)


def _weight(branch: Sequence[Any]) -> tuple[int, int, int]:
    """Order alternatives by how near they are: deepest error first, closed sets before patterns."""
    depth = max((len(list(error.instance_path)) for error in branch), default=0)
    wrong_type = sum(error.kind.name == "type" for error in branch)
    return (-depth, wrong_type, len(branch))


def _required_name(branch: Any) -> str:
    required = branch.get("required") if isinstance(branch, dict) and len(branch) == 1 else None
    return required[0] if isinstance(required, list) and len(required) == 1 else ""


def _exclusive(fault: Fault, names: list[str], keyword: str) -> Problem:
    given = [name for name in fault.value if name in names] if fault.value else []
    if len(given) > 1 and keyword == "oneOf":
        return Problem(
            code="schema-fields-exclusive",
            path=(*fault.path, given[1]),
            message=f"{_quoted(given, 'and')} exclude one another{_inside(fault.path)}",
            remedy=f"keep one of {_quoted(given, 'and')}",
        )
    exactly = "exactly" if keyword == "oneOf" else "at least"
    return Problem(
        code=MISSING,
        path=fault.path,
        message=f"{_subject(fault.path)} needs {exactly} one of {_quoted(names, 'or')}",
        remedy=f"add one of {_quoted(names, 'or')}",
    )


def _missing(fault: Fault) -> Problem:
    name = fault.kind.property
    return Problem(
        code=MISSING,
        path=fault.path,
        message=f"{_subject(fault.path)} lacks the field '{name}'",
        remedy=f"add '{name}'",
    )


def _wrong_type(fault: Fault) -> Problem:
    wanted = _types(fault.node.get("type", "string"))
    remedy = f"write {wanted}"
    if wanted == "a text" and isinstance(fault.value, bool | int | float):
        remedy = "put the value in quotes"
    return Problem(
        code="schema-value-type",
        path=fault.path,
        message=f"{_subject(fault.path)} must be {wanted}, and is {_type_of(fault.value)}",
        remedy=remedy,
    )


def _wrong_word(fault: Fault) -> Problem:
    options = fault.node.get("enum", [fault.node.get("const")])
    texts = [str(one) for one in options if one not in ("", None)]
    meant = nearest(fault.value, texts) if isinstance(fault.value, str) else ""
    shown = f", and is '{fault.value}'" if isinstance(fault.value, str) else ""
    return Problem(
        code="schema-value-unknown",
        path=fault.path,
        message=f"{_subject(fault.path)} must be {_listed(texts, 'or')}{shown}",
        remedy=f"did you mean '{meant}'?" if meant else f"use {_listed(texts, 'or')}",
        key=False,
    )


def _wrong_text(fault: Fault) -> Problem:
    form = fault.node.get(_FORM) or f"a text that matches {fault.node.get('pattern', '')}"
    return Problem(
        code="schema-value-invalid",
        path=fault.path,
        message=f"{_subject(fault.path)} does not have the form that is expected here",
        remedy=f"write {form}",
        key=False,
    )


def _wrong_size(fault: Fault) -> Problem:
    words, unit = _SIZES[fault.name]
    limit = fault.node.get(fault.name)
    return Problem(
        code="schema-value-invalid",
        path=fault.path,
        message=f"{_subject(fault.path)} must {words} {limit}{unit}",
        remedy="keep within that limit",
        key=fault.name not in ("minimum", "maximum"),
    )


def _invalid(fault: Fault) -> Problem:
    return Problem(
        code="schema-value-invalid",
        path=fault.path,
        message=f"{_subject(fault.path)} does not fit its schema ({fault.name})",
        remedy="compare it with the output of `ruleengine schema`",
    )


_SIZES: Final = {
    "minimum": ("be at least", ""),
    "maximum": ("be at most", ""),
    "exclusiveMinimum": ("be more than", ""),
    "exclusiveMaximum": ("be less than", ""),
    "minItems": ("have at least", " entries"),
    "maxItems": ("have at most", " entries"),
    "minLength": ("have at least", " letters"),
    "maxLength": ("have at most", " letters"),
    "minProperties": ("have at least", " fields"),
    "maxProperties": ("have at most", " fields"),
}
_SIMPLE: Final = {
    "required": _missing,
    "dependentRequired": _missing,
    "type": _wrong_type,
    "enum": _wrong_word,
    "const": _wrong_word,
    "pattern": _wrong_text,
    **dict.fromkeys(_SIZES, _wrong_size),
}


def _without_consequences(problems: list[Problem], document: Value) -> Iterator[Problem]:
    """Leave out what a misspelt field explains: that the field it stands for is missing."""
    meant = {
        (problem.path[:-1], problem.remedy.split("'")[1])
        for problem in problems
        if problem.code == "schema-field-unknown" and problem.remedy.startswith("did you mean")
    }
    del document
    for problem in problems:
        missing = problem.code == MISSING
        if missing and any(
            path == problem.path and f"'{name}'" in problem.remedy for path, name in meant
        ):
            continue
        yield problem


def _subject(path: Path) -> str:
    return f"'{format_path(path)}'" if path else "the document"


def _inside(path: Path) -> str:
    return f" in '{format_path(path)}'" if path else ""


def _types(wanted: str | list[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(_TYPES.get(name, name) for name in names)


def _type_of(value: Value) -> str:
    if value is None:
        return "empty"
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return _TYPES[name]
    return _TYPES["array" if isinstance(value, list) else "object"]


def _quoted(names: Sequence[str], word: str) -> str:
    return _listed([f"'{name}'" for name in names], word)


def _listed(names: Sequence[str], word: str = "and") -> str:
    if len(names) > _SHOWN:
        return ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more"
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
