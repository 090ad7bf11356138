"""What tags are replaced by, and which of them must be."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final

from ruleengine.expressions.surroundings import Surroundings


class Scope:
    """The names of one place: flat and dotted, as ``{{inputs.parameters.x}}`` asks for them.

    Expressions see the same names as nested maps, made once and only where one asks. A value
    may be ``None``: the name exists and has no value, which only an expression can handle.
    ``surroundings`` are the clock and the chance that expressions see, if any.
    """

    def __init__(self, names: Mapping[str, Any], surroundings: Surroundings | None = None) -> None:
        self.names = names
        self._surroundings = surroundings

    @cached_property
    def nested(self) -> Mapping[str, Any]:
        """Return the names as nested maps (Argo's rule: the less specific is dropped)."""
        from ruleengine.expressions.expr.environment import expand
        from ruleengine.expressions.expr.signatures import HOST, NOW, SPRIG
        from ruleengine.expressions.expr.sprigs import Sprig

        nested = expand(self.names)
        if self._surroundings is not None:
            nested[NOW] = self._surroundings.now
            nested[HOST + SPRIG] = Sprig(self._surroundings)
        return nested

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        """Return every name and every path that a name begins with."""
        found = set(self.names)
        for name in self.names:
            while "." in name:
                name = name.rpartition(".")[0]  # noqa: PLW2901 - shorter and shorter
                found.add(name)
        return frozenset(found)

    def has(self, path: str) -> bool:
        """Return whether an expression finds a dotted path."""
        if path in self._beginnings:
            return True
        place: Any = self.nested
        for part in path.split("."):
            if not isinstance(place, Mapping) or part not in place:
                return False
            place = place[part]
        return True


class Policy:
    """Which tags must be resolved.

    Those whose name is one of ``strict`` or lies below it must; ``strict=None`` means all.
    ``artifacts_wait`` excepts simple tags of output artifacts, which are resolved elsewhere.
    With ``failures_wait`` an expression that fails stays for a later pass, too.
    """

    def __init__(
        self,
        strict: Iterable[str] | None = (),
        *,
        artifacts_wait: bool = True,
        failures_wait: bool = False,
    ) -> None:
        self._all = strict is None
        self._names = frozenset(strict or ())
        self._below = tuple(f"{name}." for name in self._names)
        self._artifacts_wait = artifacts_wait
        self.failures_wait = failures_wait

    def demands(self, name: str) -> bool:
        """Return whether a name must be resolved."""
        return self._all or name in self._names or name.startswith(self._below)

    def demands_tag(self, name: str) -> bool:
        """Return whether a simple tag must be resolved."""
        waits = self._artifacts_wait and ".outputs.artifacts." in name
        return not waits and self.demands(name)


LENIENT: Final = Policy()
"""Unknown tags stay as they are, for a later pass."""

STRICT: Final = Policy(None, artifacts_wait=False)
"""Every tag must be resolved."""
