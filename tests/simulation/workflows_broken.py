"""Workflows that take locks as one must not; the simulation has to find it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ruleengine.model.decisions import Decision, Reconciler, World
from ruleengine.model.values import Object
from ruleengine.pipelines.archiving import ArchivePolicy
from ruleengine.pipelines.reconciler import WorkflowReconciler
from tests.simulation.scenario import Process
from tests.simulation.scenarios.workflows import Kubelet, Workflows


class LooksAtNobody(Workflows):
    """Whoever wants a lock takes it, whoever else has it."""

    def __init__(self, lock: str) -> None:
        self._lock = lock

    def reconcilers(self, process: Process) -> Sequence[Reconciler]:
        """Return the broken reconciler."""
        del process
        return [_Blind(self._lock), Kubelet()]


class _Blind(WorkflowReconciler):
    """Decides as if nobody else stood at a lock."""

    def __init__(self, lock: str) -> None:
        super().__init__(archive=ArchivePolicy())
        self._lock = lock

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what a workflow decides that is the only one."""
        return super().decide(value, _Empty(world, self._lock), now, memo)


class _Empty:
    """A world in which nobody else stands at a lock."""

    def __init__(self, world: World, lock: str) -> None:
        self._world = world
        self._lock = lock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def list(
        self, api_version: str, kind: str, namespace: str = "", index: tuple[str, str] | None = None
    ) -> Sequence[Object]:
        """Return nobody for the lock, and what there is for anything else."""
        if index is not None and index[1].endswith(self._lock):
            return []
        return self._world.list(api_version, kind, namespace, index)
