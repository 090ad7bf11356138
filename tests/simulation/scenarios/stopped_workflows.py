"""The workflows of :mod:`.workflows`, one of which is stopped on its way, and one terminated.

How far they are by then the faults decide, and so do the nodes that they have at the end. Whatever
happens, each comes to its end, with every node of it; no pod of it is left that has not ended and
has time to run; and its locks are given back: the others, which need them, end as they do without
faults.
"""

from collections.abc import Sequence
from typing import ClassVar

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import COMPLETED, is_fulfilled
from tests.simulation.scenario import Act
from tests.simulation.scenarios.workflows import NAMESPACE, SPEC, Workflows, workflow

_ENDED = ("first", "third")
_DONE = ("Succeeded", "Failed")


def _submit(client: Client) -> None:
    for name in ("second", "third"):
        client.apply(workflow(name, SPEC), "user")


def _told(client: Client, name: str, strategy: str) -> None:
    target = Target(ARGO_API_VERSION, "Workflow", NAMESPACE, name)
    client.merge_patch(target, {"spec": {"shutdown": strategy}}, "user")


def _stop(client: Client) -> None:
    _told(client, "first", "Stop")


def _terminate(client: Client) -> None:
    _told(client, "third", "Terminate")


class StoppedWorkflows(Workflows):
    """Workflows of which some are told to end, whenever that is."""

    seeds: ClassVar[int] = 60
    acts: ClassVar[Sequence[Act]] = (_submit, _stop, _terminate)

    def normalise(self, value: Object) -> Object | None:
        """Return that what was told to end has, and how the others did."""
        of = lookup(value, "metadata", "labels", ARGO_WORKFLOW)
        if value["kind"] == "Pod" and of in _ENDED:
            done = lookup(value, "status", "phase") in _DONE
            given = lookup(value, "spec", "activeDeadlineSeconds") == 1
            return None if done or given else {"runs": True}
        if value["kind"] == "WorkflowTaskResult" and of in _ENDED:
            return None
        if value["metadata"]["name"] == "cache":
            return None
        if value["kind"] != "Workflow" or value["metadata"]["name"] not in _ENDED:
            return super().normalise(value)
        nodes = lookup(value, "status", "nodes", default={}).values()
        return {
            "over": lookup(value, "status", "phase") in COMPLETED,
            "open": sorted(one["name"] for one in nodes if not is_fulfilled(one)),
        }


SCENARIO = StoppedWorkflows()
