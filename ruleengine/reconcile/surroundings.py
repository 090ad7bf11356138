"""What planning, performing and settling have in common: one cluster and who acts on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Action, Target
from ruleengine.model.decisions import Reconciler
from ruleengine.model.names import CONTROL_NAMESPACE
from ruleengine.model.values import Object
from ruleengine.reconcile.asking import Performer
from ruleengine.reconcile.engines import is_ours
from ruleengine.reconcile.indexes import Kind
from ruleengine.reconcile.packing import PLAIN, Packing
from ruleengine.reconcile.patience import LONGEST_DECISION
from ruleengine.reconcile.shapes import Shapes
from ruleengine.reconcile.standing import StandingPerformer


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """One API server, the reconcilers that act on it, and who performs their requests.

    ``standing`` performs standing requests by kind; one that nobody performs in this run stays
    without an answer. ``packing`` says how what is stored differs from what is read.
    ``control_namespace`` is where leases and records lie. On a ``shared`` cluster other engines
    may act too: ours leaves alone what is not marked as its own. A decision that takes more than
    ``longest_decision`` seconds of processor time is taken for endless.
    """

    client: Client
    shapes: Shapes
    reconcilers: Sequence[Reconciler] = ()
    performers: Mapping[str, Performer] = field(default_factory=dict)
    standing: Mapping[str, StandingPerformer] = field(default_factory=dict)
    packing: Packing = PLAIN
    control_namespace: str = CONTROL_NAMESPACE
    shared: bool = False
    longest_decision: float = LONGEST_DECISION
    _known: dict[Kind, Reconciler | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(
        cls,
        client: Client,
        reconcilers: Sequence[Reconciler] = (),
        performers: Mapping[str, Performer] | None = None,
    ) -> "Surroundings":
        """Return the surroundings of a client, with the schemas of its server."""
        return cls(
            client=client,
            shapes=Shapes(client),
            reconcilers=tuple(reconcilers),
            performers=performers or {},
        )

    def reconciler_of(self, target: Target) -> Reconciler | None:
        """Return who decides about an object, or ``None``."""
        kind = (target.api_version, target.kind)
        if kind not in self._known:
            deciding = (one for one in self.reconcilers if (one.api_version, one.kind) == kind)
            self._known[kind] = next(deciding, None)
        return self._known[kind]

    def area_of(self, target: Target) -> str:
        """Return the area that decides about an object; empty where none does."""
        reconciler = self.reconciler_of(target)
        return "" if reconciler is None else reconciler.area

    def decides(self, target: Target, value: Object) -> bool:
        """Tell whether a reconciler of ours decides about an object."""
        return self.reconciler_of(target) is not None and self.may_decide(value)

    def may_decide(self, value: Object) -> bool:
        """Tell whether an object is not left to another engine."""
        return not self.shared or is_ours(value)

    def obstacle(self, action: Action) -> str:
        """Return why an action can never be performed here, or an empty text."""
        if action.target.cluster:
            return f"the cluster {action.target.cluster!r} is not connected"
        return action.refusal
