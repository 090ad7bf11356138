"""What an unquoted word of YAML means: the types that kubectl gives.

No library agrees with kubectl (the reference, Libraries section 1), because it reads
YAML by a mixture of version 1.1 and 1.2 and then turns the result into JSON: ``on`` is
true, ``010`` is eight, ``1e3`` is a whole number, dates and ``60:30`` stay texts. Only
integers beyond 64 bits differ: kubectl rounds them, we keep them exact.
"""

import base64
import binascii
import re
from functools import lru_cache
from typing import Final

from ruleengine.model.values import Value

_TRUE: Final = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE: Final = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL: Final = ("", "~", "null", "Null", "NULL")
_NOT_FINITE: Final = frozenset(
    sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
) | {".nan", ".NaN", ".NAN"}
_WORDS: Final[dict[str, Value]] = (
    dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False) | dict.fromkeys(_NULL)
)

_DECIMAL: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED: Final = re.compile(
    r"(?P<sign>[-+]?)0(?:[xX](?P<x>[0-9a-fA-F]+)|[bB](?P<b>[01]+)|[oO]?(?P<o>[0-7]+))"
)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES: Final = {"x": 16, "o": 8, "b": 2}
_LONGEST_NUMBER: Final = 400
_INT64: Final = 2**63
_UINT64: Final = 2**64

_TAG: Final = "tag:yaml.org,2002:"
MERGE: Final = "<<"


@lru_cache(maxsize=8192)
def plain_value(text: str) -> Value:
    """Return what an unquoted scalar means. Raises ``ValueError`` for ``.inf`` and ``.nan``."""
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first in "+-.0123456789" and len(text) <= _LONGEST_NUMBER:
        if text in _NOT_FINITE:
            raise ValueError(f"{text} is no number that JSON can hold")
        return _number(text)
    return text


@lru_cache(maxsize=8192)
def plain_key(text: str) -> str:
    """Return an unquoted key as the text that JSON needs.

    Numbers are spelt as JSON would (``010`` becomes ``8``). Words such as ``on`` and ``y``
    stay as they are written: kubectl turns them into ``true``, which nobody means by a key.
    Raises ``ValueError`` for null.
    """
    value = plain_value(text)
    if value is None:
        raise ValueError("a key must be a text, this one is null")
    if isinstance(value, bool):
        return text.lower() if text.lower() in ("true", "false") else text
    return value if isinstance(value, str) else repr(value)


def tagged_value(tag: str, text: str) -> Value:
    """Return what a scalar with an explicit tag means.

    Raises ``LookupError`` for a tag that Kubernetes does not know and ``ValueError`` for a
    text that is not of the type that the tag names.
    """
    name = tag.removeprefix(_TAG)
    if tag == "!" or (tag != name and name in ("str", "timestamp")):
        return text
    if tag == name or name not in ("int", "float", "bool", "null", "binary"):
        raise LookupError(tag)
    if name == "binary":
        return _binary(text)
    value = plain_value(text)
    wanted = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}[name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and name != "bool"):
        raise ValueError(f"the value is no {name}")
    return value


def is_container_tag(tag: str | None, name: str) -> bool:
    """Tell whether a mapping or list may carry ``tag``; ``name`` is ``map`` or ``seq``."""
    return tag is None or tag in ("!", _TAG + name)


def _number(text: str) -> Value:
    if text[0] == ".":
        return _float(text, text)
    digits = text.replace("_", "")
    if _DECIMAL.fullmatch(digits):
        return int(digits)
    based = _BASED.fullmatch(digits)
    if based:
        base = based.lastgroup or ""
        number = int(based[base], _BASES[base])
        if number < _UINT64:
            return -number if based["sign"] == "-" else number
        return text
    return _float(digits, text)


def _float(digits: str, text: str) -> Value:
    if not _FLOAT.fullmatch(digits):
        return text
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        return text
    return int(number) if number.is_integer() and -_INT64 <= number < _INT64 else number


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("the value is no base64 of a text") from None
