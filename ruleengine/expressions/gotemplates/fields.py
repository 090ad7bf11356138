"""What ``.name`` means for a value: the value of a key, or a method."""

import difflib
from enum import Enum
from typing import Any

from ruleengine.expressions.go_methods import method
from ruleengine.expressions.gotemplates.values import NO_VALUE
from ruleengine.expressions.language import ExpressionError
from ruleengine.formats.go_text import type_name


class MissingKey(Enum):
    """What a key gives that a map does not have: no value, nothing, or an error."""

    DEFAULT = "default"
    ZERO = "zero"
    ERROR = "error"

    @classmethod
    def of(cls, option: str) -> "MissingKey":
        """Return what an option such as ``missingkey=error`` asks for.

        Raises ``ExpressionError`` for an option that Go templates do not have.
        """
        name, _, value = option.partition("=")
        if name == "missingkey":
            if value == "invalid":
                return cls.DEFAULT
            for one in cls:
                if one.value == value:
                    return one
        raise ExpressionError(
            f"unrecognized option {option!r}",
            hint="write missingkey=default, missingkey=zero or missingkey=error",
        )


def field_of(value: Any, name: str, missing_key: MissingKey) -> Any:
    """Return a field of a value. Raises ``ExpressionError`` where it can have none."""
    if isinstance(value, dict):
        found = value.get(name, NO_VALUE)
        return _missing(value, name, missing_key) if found is NO_VALUE else found
    if value is NO_VALUE:
        if missing_key is MissingKey.ERROR:
            raise ExpressionError(f"nil data; no entry for key {name!r}")
        return NO_VALUE
    if value is None:
        raise ExpressionError(
            f"nil pointer evaluating interface {{}}.{name}",
            hint="the value is null: test it with if or with first",
        )
    found = method(value, name)
    if found is None:
        raise ExpressionError(f"can't evaluate field {name} in type {type_name(value)}")
    return found


def _missing(value: dict[Any, Any], name: str, missing_key: MissingKey) -> Any:
    if missing_key is MissingKey.DEFAULT:
        return NO_VALUE
    if missing_key is MissingKey.ZERO:
        return None
    close = difflib.get_close_matches(name, [key for key in value if isinstance(key, str)], n=1)
    raise ExpressionError(
        f"map has no entry for key {name!r}", hint=f"did you mean {close[0]}?" if close else ""
    )
