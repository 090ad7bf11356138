"""A control plane in virtual time whose pods run only in pretence: the test says what happens."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ruleengine.local.clock import VirtualClock
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.local.runtime.checks import Check, Checked, Purpose, begin, conclude
from ruleengine.local.runtime.storage import Bounds
from ruleengine.local.runtime.surroundings import PullError
from ruleengine.local.runtime.values import ContainerPlan, Mount, Seen, VolumeFile
from ruleengine.model.names import RUN
from ruleengine.model.values import Object
from tests.local.planes import Caller

PODS = "/api/v1/namespaces/default/pods"


class PretendingRunner:
    """Keeps attempts in memory; the test says when one ends."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.trouble = ""
        self.plans: list[ContainerPlan] = []
        self.ended: list[tuple[str, bool]] = []
        self.forgotten: list[str] = []
        self.weighed: list[tuple[datetime, str]] = []
        self.too_much = ""
        self.images: set[str] = set()
        self.registry = False
        self.pulled: list[tuple[str, str]] = []
        self.files: dict[str, dict[str, VolumeFile]] = {}
        self.changed: Callable[[str], None] = lambda _: None
        self.checks: list[tuple[datetime, Check]] = []
        self.answers: dict[tuple[str, Purpose], bool | None] = {}
        self._checked: dict[str, dict[tuple[str, Purpose], Checked]] = {}
        self._seen: dict[str, dict[str, Seen]] = {}

    def problem(self) -> str:
        """Return what the test has set."""
        return self.trouble

    def look(self, uid: str) -> Mapping[str, Seen]:
        """Return what the test has made of the attempts."""
        return dict(self._seen.get(uid, {}))

    def start(self, plan: ContainerPlan) -> None:
        """Count an attempt as running."""
        self.plans.append(plan)
        pod = self._seen.setdefault(plan.uid, {})
        before = pod.get(plan.container)
        now = self.clock.now()
        pod[plan.container] = Seen(attempt=plan.attempt, started=now, previous=before)

    def refresh(self, uid: str, mounts: Iterable[Mount]) -> None:
        """Note which files there should be."""
        del uid
        self.files = {mount.volume: dict(mount.files or {}) for mount in mounts}

    def end(self, uid: str, container: str, *, kill: bool) -> None:
        """Note who was asked; only force ends it."""
        self.ended.append((container, kill))
        one = self._seen[uid][container]
        told = {"attempt": one.attempt, "started": one.started, "told": True}
        if kill:
            told |= {"finished": self.clock.now(), "code": 137, "reason": "Error"}
        self._seen[uid][container] = Seen(**told)

    def check(self, uid: str, check: Check) -> None:
        """Answer a check at once, as the test has set it."""
        self.checks.append((self.clock.now(), check))
        key = check.container, check.purpose
        attempt, now = self._seen[uid][check.container].attempt, self.clock.now()
        known = begin(attempt, self._checked.setdefault(uid, {}).get(key), now)
        good = self.answers.get(key, True)
        if good is not None:
            known = conclude(check, known, now, good=good, message="as the test says")
        self._checked[uid][key] = known
        if not known.running:
            self.changed(uid)

    def conclude(self, container: str, purpose: Purpose) -> None:
        """Let a check end well that is being tried."""
        for uid, known in self._checked.items():
            check = next(one for _, one in self.checks if one.purpose is purpose)
            key = container, purpose
            known[key] = conclude(check, known[key], self.clock.now(), good=True, message="")
            self.changed(uid)

    def checked(self, uid: str) -> Mapping[tuple[str, Purpose], Checked]:
        """Return what was answered."""
        return dict(self._checked.get(uid, {}))

    def weigh(self, uid: str, bounds: Bounds) -> None:
        """Note who was weighed."""
        assert bounds
        self.weighed.append((self.clock.now(), uid))

    def excess(self, uid: str) -> str:
        """Return what the test has set."""
        del uid
        return self.too_much

    def forget(self, uid: str) -> None:
        """Note who was forgotten."""
        self.forgotten.append(uid)

    def has_image(self, reference: str) -> bool:
        """Tell whether the test has put an image there."""
        return reference in self.images

    def pull(self, uid: str, reference: str) -> bool:
        """Note what is pulled; without a registry it fails."""
        if not self.registry:
            raise PullError("there is no container engine")
        self.pulled.append((uid, reference))
        return True

    def log_path(self, uid: str, container: str, attempt: int) -> Path:
        """Return a file that is not there."""
        return Path("/nonexistent", uid, container, str(attempt))

    def forget_claim(self, uid: str) -> None:
        """Note which claim was forgotten."""
        self.forgotten.append(uid)

    def retain(self, pods: set[str], claims: set[str]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def finish(self, container: str, now: datetime, code: int = 0, reason: str = "") -> None:
        """Let a container end by itself."""
        for pod in self._seen.values():
            if container in pod:
                one = pod[container]
                pod[container] = Seen(
                    attempt=one.attempt,
                    started=one.started,
                    finished=now,
                    code=code,
                    reason=reason or ("Error" if code else "Completed"),
                    previous=one.previous,
                )
        for uid in list(self._seen):
            self.changed(uid)


class Bench:
    """A control plane in virtual time with a pretending runner."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.runner = PretendingRunner(self.clock)
        self.plane: ControlPlane = in_memory_plane(clock=self.clock, runner=self.runner)
        self.call = Caller(self.plane)

    def create(self, **spec: Any) -> Object:
        """Create a process pod named p and let it settle."""
        status, value = self.call("POST", PODS, pod(**spec))
        assert status == 201, value
        self.plane.advance(1)
        return self.read()

    def create_another(self, name: str = "q", **spec: Any) -> Object:
        """Create a process pod of another name and let it settle."""
        value = pod(**spec)
        value["metadata"]["name"] = name
        self.call("POST", PODS, value)
        self.plane.advance(1)
        return self.read(name)

    def read(self, name: str = "p") -> Object:
        """Return the pod as it is."""
        found: Object = self.call("GET", f"{PODS}/{name}")[1]
        return found

    def finish(self, container: str = "c", code: int = 0, reason: str = "") -> Object:
        """Let a container end, and time pass."""
        self.runner.finish(container, self.clock.now(), code, reason)
        self.plane.advance(1)
        return self.read()


def container(name: str = "c", **more: Any) -> Object:
    """Return a container that says which program it is."""
    return {"name": name, "image": "shop:1", "command": ["serve"], **more}


def pod(**spec: Any) -> Object:
    """Return a process pod named p."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "labels": {"app": "shop"}, "annotations": {RUN: "process"}},
        "spec": {"containers": [container()], "restartPolicy": "Never", **spec},
    }


def state(value: Object, name: str = "c", kind: str = "containerStatuses") -> Object:
    """Return the state of a container."""
    found: Object = next(one for one in value["status"][kind] if one["name"] == name)["state"]
    return found
