"""Immutable values of which many are made: as a frozen dataclass to whoever reads and checks.

A frozen dataclass sets each of its fields by a call, and takes several times as long to make as
one that may change. Of some a dozen are made for each decision, and the type checker, which
sees ``dataclass(frozen=True)``, finds whoever assigns to one as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

__all__ = ("immutable",)

_Made = TypeVar("_Made")

if TYPE_CHECKING:
    from dataclasses import dataclass as immutable
else:

    def immutable(*, frozen: bool, **options: bool) -> Callable[[type[_Made]], type[_Made]]:
        """Return what makes a class a dataclass that is compared and hashed as a frozen one."""
        return dataclass(unsafe_hash=frozen, **options)
