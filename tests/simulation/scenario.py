"""What a scenario says of itself, and where scenarios are found."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from ruleengine.cluster.client import Client
from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.decisions import Answer, Reconciler, Request
from ruleengine.model.values import Object
from ruleengine.reconcile.feeds import Feed
from ruleengine.reconcile.standing import StandingPerformer
from ruleengine.reconcile.surroundings import Surroundings
from tests.simulation import scenarios
from tests.simulation.invariants import Invariant, NoWriteIsRepeated, WritesAreBounded


class Act(Protocol):
    """Something that a user, or anybody else, does to the cluster."""

    def __call__(self, client: Client, /) -> None:
        """Do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process: its client and its feed. Everything else in it is made anew as well."""

    number: int
    client: Client = field(repr=False)
    feed: Feed = field(repr=False)
    surroundings: Surroundings = field(repr=False)


class Scenario:
    """The base of all scenarios. One value serves many runs, and keeps nothing of any of them.

    ``seeds`` is how many runs ``make test`` takes, ``writes`` about how many writes a run
    without faults needs, leases among them; ``acts`` is what the user does, in this order, at
    moments that the schedule names. ``patience`` are the virtual seconds that a process is
    given to settle; it waits ``longest_wait`` of them at once, and about ``pauses`` times until
    the clock has jumped for the last time.
    """

    seeds: ClassVar[int] = 100
    writes: ClassVar[int] = 60
    patience: ClassVar[float] = 120.0
    longest_wait: ClassVar[float] = 1.0
    pauses: ClassVar[int] = 6
    acts: ClassVar[Sequence[Act]] = ()

    @property
    def name(self) -> str:
        """The expression that makes the scenario again; a test that is printed refers to it."""
        module = type(self).__module__.rpartition(".")[2]
        return f"{module}.{type(self).__name__}()"

    def prepare(self, client: Client) -> None:
        """Create what is there from the start."""

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the reconcilers of a new process."""
        raise NotImplementedError

    def reads(self) -> Mapping[str, Callable[[Request], Answer]]:
        """Return who answers requests that only read, by the kind of request."""
        return {}

    def standing(self, plane: ControlPlane) -> Mapping[str, StandingPerformer]:
        """Return who performs standing requests; whatever an act does is news to them."""
        del plane
        return {}

    def effects(self) -> Mapping[str, Callable[[Request], Answer]]:
        """Return who performs effects, by the kind of request."""
        return {}

    def invariants(self) -> Sequence[Invariant]:
        """Return fresh invariants for one run."""
        return (NoWriteIsRepeated(), WritesAreBounded(10 * self.writes))

    def normalise(self, value: Object) -> Object | None:
        """Return an object of the end state without what may differ from run to run.

        ``None`` leaves the whole object out.
        """
        return value


def find_scenarios() -> dict[str, Scenario]:
    """Return every scenario by the name of its module."""
    names = sorted(one.name for one in pkgutil.iter_modules(scenarios.__path__))
    modules = {name: importlib.import_module(f"{scenarios.__name__}.{name}") for name in names}
    return {name: module.SCENARIO for name, module in modules.items()}
