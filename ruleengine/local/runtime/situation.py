"""What is known of a pod of processes at a moment, and the questions that follow from it: pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ruleengine.local.runtime.addresses import address_of
from ruleengine.local.runtime.checks import Check, Checked, Purpose, checks_of
from ruleengine.local.runtime.surroundings import NotReadyError
from ruleengine.local.runtime.values import Seen
from ruleengine.model.times import parse_time
from ruleengine.model.values import Object, lookup

_FIRST_BACKOFF: Final = 10
_LONGEST_BACKOFF: Final = 300
_FORGIVEN: Final = timedelta(minutes=10)
"""A container that ran this long starts again without back-off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the node sees of a pod; ``problem`` says why nothing can be run here.

    ``excess`` says what it uses too much of.
    """

    seen: Mapping[str, Seen] = field(default_factory=dict)
    checked: Mapping[tuple[str, Purpose], Checked] = field(default_factory=dict)
    problem: str = ""
    excess: str = ""


class Situation:
    """A pod, what is seen of it, and the moment."""

    def __init__(self, pod: Object, observed: Observed, now: datetime) -> None:
        self.pod = pod
        self.now = now
        self.observed = observed
        self.spec: Object = pod["spec"]
        self.initial: list[Object] = self.spec.get("initContainers") or []
        self.sidecars = [one for one in self.initial if is_sidecar(one)]
        self.mains: list[Object] = self.spec.get("containers") or []
        self.added: list[Object] = self.spec.get("ephemeralContainers") or []
        """Containers that were added to the pod while it ran."""

        self.policy = self.spec.get("restartPolicy") or "Always"
        self.address = address_of(pod)
        stated = self.spec.get("terminationGracePeriodSeconds")
        self.grace = 30 if stated is None else int(stated)
        started = lookup(pod, "status", "startTime")
        self.begin = parse_time(started) if started else now
        self._checks: dict[str, Mapping[Purpose, Check]] = {}

    def seen(self, container: Object) -> Seen | None:
        """Return the newest attempt of a container."""
        return self.observed.seen.get(container["name"])

    def checks(self, container: Object) -> Mapping[Purpose, Check]:
        """Return the probes and hooks of a container; of one that cannot be started, none."""
        name = container["name"]
        if name not in self._checks:
            try:
                self._checks[name] = checks_of(container, self.address)
            except NotReadyError:
                self._checks[name] = {}
        return self._checks[name]

    def known(self, container: Object, purpose: Purpose) -> Checked | None:
        """Return what is known of a check of the newest attempt."""
        found = self.observed.checked.get((container["name"], purpose))
        one = self.seen(container)
        return found if found and one and found.attempt == one.attempt else None

    def passed(self, container: Object, purpose: Purpose) -> bool:
        """Tell whether a check has a good verdict, or is not asked for."""
        if purpose not in self.checks(container):
            return True
        known = self.known(container, purpose)
        return known is not None and known.passed is True

    def is_running(self, container: Object) -> bool:
        """Tell whether a container has a process."""
        one = self.seen(container)
        return one is not None and one.finished is None

    def is_started(self, container: Object) -> bool:
        """Tell whether a container runs and has got through its start."""
        purposes = (Purpose.POST_START, Purpose.STARTUP)
        return self.is_running(container) and all(self.passed(container, one) for one in purposes)

    def is_ready(self, container: Object) -> bool:
        """Tell whether a container has started and says that it is ready."""
        return self.is_started(container) and self.passed(container, Purpose.READINESS)

    def is_completed(self, container: Object) -> bool:
        """Tell whether a container has ended well."""
        one = self.seen(container)
        return one is not None and one.finished is not None and not one.code

    def is_over(self, container: Object) -> bool:
        """Tell whether a container has ended and is not started again."""
        one = self.seen(container)
        return one is not None and one.finished is not None and not self.retries(container)

    def retries(self, container: Object) -> bool:
        """Tell whether a container that has ended is started again."""
        if is_sidecar(container):
            return True
        one = self.seen(container)
        failed = one is not None and bool(one.code)
        if any(container is other for other in self.initial):
            return failed and self.policy != "Never"
        return self.policy == "Always" or (self.policy == "OnFailure" and failed)

    @property
    def has_begun(self) -> bool:
        """Whether any of the main containers has been started."""
        return any(self.seen(one) is not None for one in self.mains)

    @property
    def init_failed(self) -> bool:
        """Whether an init container has failed for good."""
        ordinary = (one for one in self.initial if not is_sidecar(one))
        return any(self.is_over(one) and not self.is_completed(one) for one in ordinary)

    @property
    def mains_over(self) -> bool:
        """Whether the work of the pod is done, well or not."""
        return self.init_failed or all(self.is_over(one) for one in self.mains)

    @property
    def any_running(self) -> bool:
        """Whether any process is left."""
        return any(one.finished is None for one in self.observed.seen.values())

    @property
    def last_end(self) -> datetime:
        """When the last of the containers that do the work has ended."""
        names = {one["name"] for one in (*self.sidecars, *self.added)}
        found = self.observed.seen.items()
        ends = [one.finished for name, one in found if name not in names and one.finished]
        return max(ends, default=self.now)


def is_sidecar(container: Object) -> bool:
    """Tell whether an init container stays beside the others."""
    return bool(container.get("restartPolicy") == "Always")


def backoff(one: Seen) -> timedelta:
    """Return how long a container that ended waits before it starts again."""
    ran = (one.finished or one.started) - one.started
    if one.attempt == 0 or ran >= _FORGIVEN:
        return timedelta(0)
    return timedelta(seconds=min(_FIRST_BACKOFF << min(one.attempt - 1, 10), _LONGEST_BACKOFF))
