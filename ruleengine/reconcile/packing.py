"""Objects that are stored otherwise than they are decided about, because they grow large."""

from typing import Final, Protocol

from ruleengine.model.values import Object


class Packing(Protocol):
    """Between the form in which objects are stored and that in which reconcilers read them.

    Both raise ``StoreError`` where what is kept elsewhere cannot be had.
    """

    def unpack(self, value: Object) -> Object:
        """Return an object as reconcilers read it."""

    def pack(self, value: Object, status: Object) -> Object:
        """Return the status of an object as it is stored: the same where it is small enough."""


class Plain:
    """Objects are stored as they are."""

    def unpack(self, value: Object) -> Object:
        """Return the object."""
        return value

    def pack(self, value: Object, status: Object) -> Object:
        """Return the status."""
        del value
        return status


PLAIN: Final = Plain()
