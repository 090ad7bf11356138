"""The words in which problems of documents are put, one function per keyword of JSON Schema.

Values are never quoted unless they stand where only certain words may stand, so that nothing
secret is repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ruleengine.model.values import Object, Path, Value, format_path
from ruleengine.validation.schema_names import nearest

MISSING: Final = "schema-field-missing"
WRONG_TYPE: Final = "schema-value-type"
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


def exclusive(fault: Fault, names: list[str], keyword: str) -> Problem:
    """Say that fields exclude one another, or that one of them is needed."""
    given = [name for name in fault.value if name in names] if fault.value else []
    if len(given) > 1 and keyword == "oneOf":
        return Problem(
            code="schema-fields-exclusive",
            path=(*fault.path, given[1]),
            message=f"{_quoted(given, 'and')} exclude one another{inside(fault.path)}",
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
        code=WRONG_TYPE,
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
        message=f"{_subject(fault.path)} must be {listed(texts, 'or')}{shown}",
        remedy=f"did you mean '{meant}'?" if meant else f"use {listed(texts, 'or')}",
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


def invalid(fault: Fault) -> Problem:
    """Say that a value does not fit, where there are no better words."""
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
WORDING: Final = {
    "required": _missing,
    "dependentRequired": _missing,
    "type": _wrong_type,
    "enum": _wrong_word,
    "const": _wrong_word,
    "pattern": _wrong_text,
    **dict.fromkeys(_SIZES, _wrong_size),
}


def _subject(path: Path) -> str:
    return f"'{format_path(path)}'" if path else "the document"


def inside(path: Path) -> str:
    """Return where something is, to put behind what it is."""
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
    return listed([f"'{name}'" for name in names], word)


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return names as people list them, at most a dozen."""
    if len(names) > _SHOWN:
        return ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more"
    return f" {word} ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
