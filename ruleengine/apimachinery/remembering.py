"""What was made of a value is remembered by which value it is, not by what it holds.

Sets of fields are shared by many objects and never changed in place. To compare one with those
that are known would take as long as what it is looked up for; that it is the same value does not.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ruleengine.model.values import Object

_Beside = TypeVar("_Beside")
_Made = TypeVar("_Made")
_MOST: Final = 512
"""How much is remembered before all of it is forgotten, where nobody says less."""


class ByIdentity(Generic[_Beside, _Made]):
    """Remembers what ``make`` returns for an object and what stands beside it.

    Safe to use from threads: at worst something is made twice.
    """

    def __init__(self, make: Callable[[Object, _Beside], _Made], most: int = _MOST) -> None:
        self._make = make
        self._most = most
        self._known: dict[tuple[int, int], tuple[Object, _Beside, _Made]] = {}

    def of(self, value: Object, beside: _Beside) -> _Made:
        """Return what is made of a value; raises what ``make`` raises."""
        place = (id(value), id(beside))
        found = self._known.get(place)  # it holds both, so nothing else can have their places
        if found is not None:
            return found[2]
        made = self._make(value, beside)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[place] = (value, beside, made)
        return made
