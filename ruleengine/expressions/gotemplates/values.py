"""Values as templates see them: what is absent, what counts as true, what prints.

Go tells a value that is nothing (``nil``) from no value at all, for instance of a key that a
map does not have. A field of the first is an error, a field of the second is no value again.
"""

from collections.abc import Sized
from typing import Any, Final

from ruleengine.expressions.go_functions import Function
from ruleengine.formats.go_printing import sprint


class _NoValue:
    """The one absent value."""

    def __repr__(self) -> str:
        return NO_VALUE_TEXT


NO_VALUE_TEXT: Final = "<no value>"
NO_VALUE: Final = _NoValue()


def is_true(value: Any) -> bool:
    """Tell whether a value counts as true: not empty, not zero, not nothing."""
    if value is None or value is NO_VALUE or value is False:
        return False
    if isinstance(value, str | int | float):
        return bool(value)
    return len(value) > 0 if isinstance(value, Sized) else True


def printed(value: Any) -> str:
    """Return what an action prints. Raises ``ValueError`` for what cannot be printed."""
    if isinstance(value, str):
        return value
    if value is None or value is NO_VALUE:
        return NO_VALUE_TEXT
    if isinstance(value, Function):
        raise ValueError("a function cannot be printed: call it")  # noqa: TRY004 - no wrong type
    return sprint(value)
