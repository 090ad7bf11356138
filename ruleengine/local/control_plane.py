"""The control plane as one object: the API on a store, and the controllers beside it.

The real process lets :meth:`ControlPlane.run` follow the store in a thread; tests move a
virtual clock and call :meth:`ControlPlane.settle`.
"""

import platform
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from ruleengine.local.api.authorizing import CLUSTER_ROLES
from ruleengine.local.api.first_roles import EVERYTHING, first_bindings, first_roles
from ruleengine.local.api.options import WriteOptions
from ruleengine.local.api.priorities import first_classes
from ruleengine.local.api.server import ApiServer
from ruleengine.local.clock import Clock, VirtualClock
from ruleengine.local.controllers.autoscalers import Autoscalers
from ruleengine.local.controllers.budgets import Budgets
from ruleengine.local.controllers.claims import VolumeBinder, default_class
from ruleengine.local.controllers.cronjobs import CronJobs
from ruleengine.local.controllers.daemonsets import DaemonSets
from ruleengine.local.controllers.definitions import Definitions
from ruleengine.local.controllers.deployments import Deployments
from ruleengine.local.controllers.endpoints import EndpointSlices
from ruleengine.local.controllers.expiring import ExpiringEvents
from ruleengine.local.controllers.garbage import GarbageCollector
from ruleengine.local.controllers.jobs import Jobs
from ruleengine.local.controllers.loop import Loop
from ruleengine.local.controllers.namespaces import FIRST, Namespaces
from ruleengine.local.controllers.protecting import Protection
from ruleengine.local.controllers.quotas import Quotas
from ruleengine.local.controllers.replicasets import CONTROLLERS, ReplicaSets
from ruleengine.local.controllers.statefulsets import StatefulSets
from ruleengine.local.controllers.token_secrets import TokenSecrets
from ruleengine.local.controllers.work import Controller, Wakeups
from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.node import NODE, NodeHeartbeat, SimulatedPods
from ruleengine.local.node_lifecycle import NodeLifecycle
from ruleengine.local.runtime.images import Images
from ruleengine.local.runtime.pods import NodeSettings, ProcessPods
from ruleengine.local.runtime.values import ProcessHost
from ruleengine.local.scheduling import Scheduler
from ruleengine.local.service_accounts import ServiceAccountTokens
from ruleengine.local.store import Key, Store
from ruleengine.model.configuration import MOST_PODS
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object

_SLICE: Final = 200
"""How many keys are reconciled before the thread looks whether it should stop."""

_LONGEST_WAIT: Final = 1.0


class ControlPlane:
    """A local control plane on a store. It is a ``model.http.Transport`` too.

    ``runner`` runs the pods that are processes; without one they fail, unless
    ``leaves_processes`` says that somebody else tells what becomes of them. ``images`` gives the
    table of images, ``most_pods`` how many of those pods run at a time, ``address`` is host and
    port under which those processes reach the API.
    ``strict`` lets an exception inside a controller through, which is for tests; otherwise it is
    logged and the key is tried again later.
    """

    def __init__(  # noqa: PLR0913 - the composition of one control plane, by name
        self,
        store: Store,
        clock: Clock,
        *,
        token: Secret | None = None,
        randomness: Random | None = None,
        patience: float | None = None,
        reports: Path | None = None,
        runner: ProcessHost | None = None,
        authority: str = "",
        images: Callable[[], Images] = Images,
        most_pods: Callable[[], int] = lambda: MOST_PODS,
        address: tuple[str, int] | None = None,
        leaves_processes: bool = False,
        strict: bool = False,
    ) -> None:
        self.store = store
        self.clock = clock
        tokens = ServiceAccountTokens(token or Secret(""))
        self.api = ApiServer(
            store,
            clock,
            token,
            accounts=tokens,
            randomness=randomness,
            patience=patience,
            reports=reports,
            logs=runner,
            processes=runner,
        )
        self._runner = runner
        if runner is not None:
            runner.retain(_uids(store, "pods"), _uids(store, "persistentvolumeclaims"))
        self._wakeups = Wakeups(store.wake)
        node = NodeSettings(name=NODE, images=images, tokens=tokens, api=address)
        self._loop = Loop(
            self.api.registry,
            _controllers(
                store,
                authority,
                tokens,
                address,
                Scheduler(most_pods),
                _pods(runner, node, self._wakeups, leaves_processes=leaves_processes),
            ),
            wakeups=self._wakeups,
            strict=strict,
        )
        self._prepare()

    def _prepare(self) -> None:
        """Create what every server has from the start."""
        options = WriteOptions(manager="kube-apiserver")
        registry = self.api.registry
        served = registry.catalog.kind("v1", "Namespace")
        services = registry.catalog.kind("v1", "Service")
        if served is None or services is None:
            raise AssertionError("the table of kinds lacks Namespaces")
        for name in FIRST:
            if self.store.get(served.key("", name)) is None:
                registry.create(served, "", {"metadata": {"name": name}}, options)
        if self.store.get(services.key("default", "kubernetes")) is None:
            registry.create(services, "default", _api_service(), options)
        new = self.store.get(Key(CLUSTER_ROLES, "", EVERYTHING)) is None
        roles = (*first_bindings(), *first_roles()) if new else ()
        for value in (default_class(), *first_classes(), *roles):
            kind = registry.catalog.kind(value["apiVersion"], value["kind"])
            if kind and self.store.get(kind.key("", value["metadata"]["name"])) is None:
                registry.create(kind, "", value, options)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Answer a request without a socket."""
        return self.api.handle(request)

    def close(self) -> None:
        """End every process that runs; call it once nothing else uses the plane."""
        if self._runner is not None:
            self._runner.close()

    def settle(self) -> int:
        """Run the controllers until nothing is due now; return how many keys they looked at."""
        return self._loop.run_due()

    def next_time(self) -> datetime | None:
        """Return when the controllers have something to do next, ``None`` for never."""
        return self._loop.next_time()

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, and everything happen at its moment.

        Raises ``TypeError`` for a clock that cannot be moved.
        """
        if not isinstance(self.clock, VirtualClock):
            raise TypeError("only a virtual clock can be moved")
        end = self.clock.now() + timedelta(seconds=seconds)
        self.settle()
        while (at := self._loop.next_time()) is not None and at <= end:
            self.clock.move_to(at)
            self.settle()
        self.clock.move_to(end)
        self.settle()

    def run(self, stop: threading.Event) -> None:
        """Follow the store until ``stop`` is set; for a thread of the real process."""
        while not stop.is_set():
            if self._loop.run_due(_SLICE):
                continue
            wait = _LONGEST_WAIT
            at = self._loop.next_time()
            if at is not None:
                wait = min(wait, max((at - self.clock.now()).total_seconds(), 0.0))
            self.store.wait(self._loop.seen, wait, lambda: self._wakeups.pending or stop.is_set())


def _uids(store: Store, resource: str) -> set[str]:
    return {str(one["metadata"]["uid"]) for one in store.list(resource).items}


def _controllers(
    store: Store,
    authority: str,
    tokens: ServiceAccountTokens,
    api: tuple[str, int] | None,
    scheduler: Scheduler,
    pods: Sequence[Controller],
) -> tuple[Controller, ...]:
    """Return every controller, in the order in which they look at a change."""
    return (
        Namespaces(authority),
        TokenSecrets(tokens, authority),
        Definitions(),
        Deployments(),
        ReplicaSets(),
        ReplicaSets(CONTROLLERS),
        StatefulSets(),
        DaemonSets(),
        Jobs(),
        CronJobs(),
        scheduler,
        *pods,
        VolumeBinder(),
        Protection(),
        Quotas(store),
        Budgets(),
        Autoscalers(),
        EndpointSlices(api),
        GarbageCollector(),
        ExpiringEvents(),
        NodeHeartbeat(platform.machine()),
        NodeLifecycle(),
    )


def _pods(
    runner: ProcessHost | None, node: NodeSettings, wakeups: Wakeups, *, leaves_processes: bool
) -> tuple[Controller, ...]:
    """Return who tells what becomes of pods."""
    if runner is None:
        return (SimulatedPods(leaves_processes=leaves_processes),)
    return (SimulatedPods(leaves_processes=True), ProcessPods(runner, node, wakeups))


def _api_service() -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP"}]},
    }


def in_memory_plane(
    *, seed: int = 1, clock: Clock | None = None, runner: ProcessHost | None = None
) -> ControlPlane:
    """Return a settled control plane in memory, without a token.

    Its time is virtual unless a clock is given; without a ``runner`` it runs no process.
    """
    plane = ControlPlane(
        MemoryStore(),
        clock or VirtualClock(),
        runner=runner,
        randomness=Random(seed),  # noqa: S311 - repeatable names and uids are the point
        patience=0,
        strict=True,
    )
    plane.settle()
    return plane
