"""The world that reconcilers read: the view of one decision, which notes every read.

What was read says what wakes: a change is looked for by every way in which it may have been
read, and wakes exactly those who read what changed (decision 0005).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ruleengine.model.actions import Target
from ruleengine.model.decisions import Answer, Refusal, Request
from ruleengine.model.values import Object
from ruleengine.reconcile.indexes import Kind, in_index
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.packing import PLAIN, Packing


class Read(NamedTuple):
    """One thing that a decision read.

    ``target`` for a single object; ``kind`` (empty texts: every kind) with ``namespace`` and
    the index ``by`` which was found for a list; ``answer`` the key of a request.
    """

    target: Target | None = None
    kind: Kind = ("", "")
    namespace: str = ""
    by: tuple[str, str] | None = None
    answer: str = ""

    def sees(self, target: Target, before: Object | None, after: Object | None) -> bool:
        """Tell whether a change of one object may change what this read found."""
        if self.answer:
            return False
        if self.target is not None:
            return self.target == target
        if self.kind not in (("", ""), (target.api_version, target.kind)):
            return False
        if self.namespace and self.namespace != target.namespace:
            return False
        found = (one for one in (before, after) if one is not None)
        return self.by is None or any(in_index(one, self.by) for one in found)


class LiveWorld:
    """The world of one decision; implements :class:`ruleengine.model.decisions.World`.

    ``reads`` is what the decision looked at. Objects are shown as they are read, whatever form
    ``packing`` stores them in.
    """

    def __init__(
        self,
        observations: Observations,
        packing: Packing = PLAIN,
        refusals: Mapping[Target, Refusal] | None = None,
    ) -> None:
        self._observations = observations
        self._packing = packing
        self._refusals = refusals or {}
        self.reads: set[Read] = set()

    def get(self, target: Target) -> Object | None:
        """Return the object, or ``None`` if it does not exist."""
        self.reads.add(Read(target))
        found = self._observations.get(target)
        return None if found is None else self._packing.unpack(found)

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return objects of a kind (an empty one: of all kinds) by name."""
        self.reads.add(Read(kind=(api_version, kind), namespace=namespace, by=index))
        found = self._observations.list(api_version, kind, namespace, index)
        return found if self._packing is PLAIN else [self._packing.unpack(one) for one in found]

    def answer(self, request: Request) -> Answer | None:
        """Return the answer to a request, or ``None`` while there is none."""
        self.reads.add(Read(answer=request.key))
        return self._observations.answers.get(request.key)

    def refusal(self, target: Target) -> Refusal | None:
        """Return why the last write of an object was refused, as far as this run knows."""
        return self._refusals.get(target)
