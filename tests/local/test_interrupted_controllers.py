"""What controllers promise when their process ends between any two of their writes."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane
from ruleengine.local.memory_store import MemoryStore, NoJournal
from ruleengine.local.store import Event, Key
from ruleengine.model.errors import StoreError
from ruleengine.model.values import Object
from tests.local.planes import Caller, deployment, job

DEFAULT = "/api/v1/namespaces/default"
BATCH = "/apis/batch/v1/namespaces/default"
APPS = "/apis/apps/v1/namespaces/default"


class EndedError(Exception):
    """The process ends here."""


class FragileStore(MemoryStore):
    """A store whose process ends after a number of writes."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 1_000_000

    def write(self, key: Key, value: Object | None, *, expected: int) -> Object:
        """Write, unless the process has come to its end."""
        if not self.left:
            raise EndedError
        self.left -= 1
        return super().write(key, value, expected=expected)


class Restarted:
    """A control plane that is started anew on what was written, each time it is interrupted."""

    def __init__(self, writes: int) -> None:
        self._store, self._clock, self._writes = FragileStore(), VirtualClock(), writes
        self._random = Random(7)
        self.restarts = 0
        self.call = Caller(self._plane())
        self.call.plane.settle()

    def _plane(self) -> ControlPlane:
        return ControlPlane(
            self._store, self._clock, randomness=self._random, patience=0, strict=True
        )

    def survive(self, action: Callable[[], Any]) -> None:
        """Do something until it is done, starting anew after each interruption."""
        self._store.left = self._writes
        while True:
            try:
                action()
            except EndedError:
                self.restarts += 1
                self._store.left = 1_000_000
                self.call.plane = self._plane()
                self._store.left = self._writes
                action = self.call.plane.settle
            else:
                self._store.left = 1_000_000
                return

    def advance(self, seconds: int) -> None:
        """Let time pass, second by second."""
        for _ in range(seconds):
            self.survive(lambda: self.call.plane.advance(1))

    def names(self, path: str) -> list[str]:
        """Return the names of objects."""
        return [one["metadata"]["name"] for one in self.call("GET", path)[1]["items"]]


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_an_interrupted_job_counts_each_pod_once(writes: int) -> None:
    """As many pods as completions, and no more."""
    world = Restarted(writes)
    world.call("POST", f"{BATCH}/jobs", job(completions=3, parallelism=2))
    world.advance(8)
    status = world.call("GET", f"{BATCH}/jobs/work")[1]["status"]
    assert (status["succeeded"], status.get("failed")) == (3, None)
    assert [one["type"] for one in status["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert len(world.names(f"{DEFAULT}/pods")) == 3
    assert world.restarts > 5


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_an_interrupted_cron_job_starts_each_moment_once(writes: int) -> None:
    """One Job a minute, whatever happens between its making and the note of it."""
    world = Restarted(writes)
    body = {
        "metadata": {"name": "tick"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job()["spec"]}},
    }
    world.call("POST", f"{BATCH}/cronjobs", body)
    world.advance(130)
    assert len(world.names(f"{BATCH}/jobs")) == 2
    assert len(world.names(f"{DEFAULT}/pods")) == 2


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_interrupted_sets_come_out_as_asked(writes: int) -> None:
    """A StatefulSet with claims, a DaemonSet and a Deployment."""
    world = Restarted(writes)
    storage = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    stateful = deployment("db", 2, serviceName="db")
    stateful["kind"] = "StatefulSet"
    template = {"metadata": {"name": "data"}, "spec": storage}
    stateful["spec"]["volumeClaimTemplates"] = [template]
    daemon = deployment("agent")
    daemon["kind"] = "DaemonSet"
    del daemon["spec"]["replicas"]
    for plural, body in (
        ("statefulsets", stateful),
        ("daemonsets", daemon),
        ("deployments", deployment(replicas=2)),
    ):
        status, made = world.call("POST", f"{APPS}/{plural}", body)
        assert status == 201, made
    world.advance(8)
    assert world.call("GET", f"{APPS}/statefulsets/db")[1]["status"]["readyReplicas"] == 2
    assert world.call("GET", f"{APPS}/daemonsets/agent")[1]["status"]["numberReady"] == 1
    assert world.call("GET", f"{APPS}/deployments/web")[1]["status"]["readyReplicas"] == 2
    assert len(world.names(f"{DEFAULT}/pods")) == 5
    claims = world.call("GET", f"{DEFAULT}/persistentvolumeclaims")[1]["items"]
    assert [one["status"]["phase"] for one in claims] == ["Bound", "Bound"]
    assert len(world.names("/api/v1/persistentvolumes")) == 2


class FullDisk(NoJournal):
    """A journal that refuses a number of commits."""

    def __init__(self) -> None:
        self.refusals = 0

    def commit(self, events: Sequence[Event], oldest: int) -> None:
        """Keep nothing, or say that there is no room."""
        del events, oldest
        if self.refusals:
            self.refusals -= 1
            raise StoreError("the disk is full", "free space on it")


def test_what_the_disk_refuses_is_written_later(caplog: pytest.LogCaptureFixture) -> None:
    """It is told in a line, without a traceback, and nothing is lost."""
    disk, clock = FullDisk(), VirtualClock()
    plane = ControlPlane(MemoryStore(disk), clock, randomness=Random(7), patience=0, strict=True)
    plane.settle()
    call = Caller(plane)
    assert call("POST", f"{APPS}/deployments", deployment(replicas=2))[0] == 201
    disk.refusals = 3
    plane.advance(30)
    assert disk.refusals == 0
    assert {one.exc_info for one in caplog.records if "the disk is full" in one.message} == {None}
    found = call("GET", f"{APPS}/deployments/web")[1]["status"]
    assert found["readyReplicas"] == 2
