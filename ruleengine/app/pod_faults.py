"""Faults of simulated pods: ``crash=web`` lets the pods of ``web`` crash."""

from dataclasses import dataclass

from ruleengine.app.virtual_feed import Onlooker
from ruleengine.cluster.client import Client
from ruleengine.local.pod_simulation import FAULTS
from ruleengine.local.store import Event, EventType
from ruleengine.model.actions import Target
from ruleengine.model.errors import UsageError
from ruleengine.model.names import FAULT
from ruleengine.model.values import Object, lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFault:
    """A fault, and whose pods have it: those of a workload by its name, or those of an image."""

    fault: str
    whose: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.fault}={self.whose}"

    def strikes(self, pod: Object) -> bool:
        """Tell whether a pod has the fault."""
        name = str(lookup(pod, "metadata", "name", default=""))
        images = [one.get("image") for one in lookup(pod, "spec", "containers", default=())]
        return name == self.whose or name.startswith(f"{self.whose}-") or self.whose in images


def parse_fault(text: str) -> PodFault:
    """Return the fault that a text means. Raises ``UsageError``."""
    fault, _, whose = text.partition("=")
    if fault not in FAULTS or not whose:
        raise UsageError(
            f"{text!r} is no fault",
            f"write FAULT=NAME or FAULT=IMAGE; the faults are {', '.join(sorted(FAULTS))}",
        )
    return PodFault(fault=fault, whose=whose)


class PodFaults(Onlooker):
    """Gives pods their faults when they appear, before they can get ready."""

    def __init__(self, client: Client, faults: tuple[PodFault, ...]) -> None:
        self._client = client
        self._faults = faults
        self._struck: set[str] = set()

    @property
    def idle(self) -> list[str]:
        """What was asked for and struck no pod."""
        return [str(one) for one in self._faults if str(one) not in self._struck]

    def see(self, event: Event) -> None:
        """Look at one thing that happened."""
        if event.type is not EventType.ADDED or event.key.resource != "pods":
            return
        for one in self._faults:
            if one.strikes(event.object):
                self._struck.add(str(one))
                patch = {"metadata": {"annotations": {FAULT: one.fault}}}
                self._client.merge_patch(Target.of(event.object), patch, "simulated-faults")
