"""The undefined value: its own fields are undefined too, and any use of it is an error.

So ``document.a.b | default(1)`` works where ``a`` is missing already, and nothing undefined
ends up in an object.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Never

from ruleengine.rules.faults import UndefinedFault


class Missing:
    """What an expression yields where there is nothing."""

    __slots__ = ("_message",)

    def __init__(self, message: str) -> None:
        self._message = message

    def _fail(self, *_: Any, **__: Any) -> Never:
        raise UndefinedFault(self._message)

    def __getattr__(self, name: str) -> Never:
        if name.startswith("__"):
            raise AttributeError(name)
        self._fail()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _fail
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _fail
    __pow__ = __rpow__ = __pos__ = __neg__ = __int__ = __float__ = _fail
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _fail
    __bool__ = __hash__ = __str__ = __len__ = __iter__ = __contains__ = __call__ = _fail


@lru_cache(maxsize=1024)
def missing(name: str) -> Missing:
    """Return the undefined value for a name: it knows nothing else, so one is enough."""
    return Missing(f"`{name}` is not there")
