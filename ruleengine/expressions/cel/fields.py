"""Fields, keys and indexes. Names of fields may be escaped, as in the rules of CRDs."""

import re
from typing import Any, Final

from ruleengine.expressions.cel.values import (
    NONE,
    CelError,
    Optional,
    Uint,
    has_key,
    no_overload,
    type_name,
)

_ESCAPED: Final = re.compile(r"__(underscores|dot|dash|slash)__")
_KEYS: Final = (bool, int, Uint, float, str)
_MEANT: Final = {"underscores": "__", "dot": ".", "dash": "-", "slash": "/"}
_SPELT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS: Final = frozenset(
    (
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for"),
        *("function", "if", "import", "let", "loop", "package", "namespace", "return"),
    )
)
"""Words of CEL: a property of such a name is spelt ``__if__``."""

_RESERVED: Final = re.compile(r"__([a-z]+)__")


def unescaped(name: str) -> str:
    """Return the name of a property that a rule spells, for instance ``a__dash__b``."""
    plain = _ESCAPED.sub(lambda found: _MEANT[found[1]], name)
    reserved = _RESERVED.fullmatch(plain)
    return reserved[1] if reserved else plain


def escaped(name: str) -> str | None:
    """Return how a rule spells the name of a property; ``None`` for one that it cannot spell."""
    if name in _WORDS:
        return f"__{name}__"
    plain = name.replace("__", "__underscores__")
    for meant, sign in _MEANT.items():
        if sign != "__":
            plain = plain.replace(sign, f"__{meant}__")
    return plain if _SPELT.fullmatch(plain) else None


def field(value: Any, name: str, *, optional: bool) -> Any:
    """Return the value of a field, or whether there is one. Raises ``CelError``."""
    if isinstance(value, Optional):
        return field(value.content, name, optional=True) if value.present else NONE
    if not isinstance(value, dict):
        if optional and not isinstance(value, list):
            return NONE
        raise no_overload(f".{name}", value)
    if name not in value and "__" in name:
        name = unescaped(name)
    if optional:
        return Optional(True, value[name]) if name in value else NONE
    if name not in value:
        raise CelError(f"there is no key {name}")
    return value[name]


def has_field(value: Any, name: str) -> bool:
    """Tell whether a value has a field. Raises ``CelError`` for a list."""
    if isinstance(value, Optional):
        return value.present and has_field(value.content, name)
    if isinstance(value, list):
        raise no_overload("has", value)
    return isinstance(value, dict) and (
        name in value or ("__" in name and unescaped(name) in value)
    )


def index(value: Any, key: Any, *, optional: bool) -> Any:
    """Return an element or an entry. Raises ``CelError``."""
    if type(key) not in _KEYS:
        raise CelError(f"a value of the type {type_name(key)} is no key or index")
    if isinstance(value, Optional):
        return index(value.content, key, optional=True)
    if isinstance(value, list):
        return _element(value, key, optional=optional)
    if not isinstance(value, dict):
        if optional:
            return NONE
        raise no_overload("[]", value, key)
    if not has_key(value, key):
        if optional:
            return NONE
        told = "there is no such key" if isinstance(key, bool | float) else f"there is no key {key}"
        raise CelError(told)
    return Optional(True, value[key]) if optional else value[key]


def _element(value: list[Any], key: Any, *, optional: bool) -> Any:
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    if not isinstance(key, int) or isinstance(key, bool):
        raise no_overload("[]", value, key)
    if not 0 <= key < len(value):
        if optional:
            return NONE
        raise CelError(f"the index {key} is out of range, the list has {len(value)} elements")
    return Optional(True, value[key]) if optional else value[key]
