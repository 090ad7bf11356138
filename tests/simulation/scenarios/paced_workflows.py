"""The workflows of :mod:`.workflows`, of whose pods no more are created a second than is allowed.

Who gives out their turns begins anew with each process; the clock jumps under it.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from ruleengine.app.pod_turns import PodTurns
from ruleengine.cluster.client import Client
from ruleengine.local.control_plane import ControlPlane
from ruleengine.model.names import CONTROL_NAMESPACE
from ruleengine.pipelines.admitting import CONTROLLER
from ruleengine.pipelines.pod_turns import POD_TURN
from ruleengine.reconcile.standing import News, StandingPerformer
from tests.reconcile.kit import config_map
from tests.simulation.scenarios.workflows import Workflows

RATE: Final = "{limit: 2, burst: 3}"


class PacedWorkflows(Workflows):
    """Workflows that run to their end although their pods wait for one another."""

    seeds: ClassVar[int] = 60

    def prepare(self, client: Client) -> None:
        """Create what is there from the start."""
        super().prepare(client)
        client.create(config_map(CONTROLLER, CONTROL_NAMESPACE, resourceRateLimit=RATE), "user")

    def standing(self, plane: ControlPlane) -> Mapping[str, StandingPerformer]:
        """Return who gives out the turns of pods."""
        return {POD_TURN: PodTurns(plane.clock.now, News())}


SCENARIO = PacedWorkflows()
