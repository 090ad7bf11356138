"""What the tests of this room share: declared objects, a server, a plan performed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ruleengine.cluster.client import Client
from ruleengine.cluster.retrying import Retrying
from ruleengine.model.actions import Action, Outcome, Plan, Target, Verb
from ruleengine.model.configuration import Configuration
from ruleengine.model.documents import Origin
from ruleengine.model.names import MANAGER
from ruleengine.model.values import Object
from ruleengine.reconcile.executor import Execution, perform
from ruleengine.reconcile.patience import LONGEST_DECISION
from ruleengine.reconcile.planning import Intent, make_plan
from ruleengine.reconcile.records import InventoryStore
from ruleengine.reconcile.surroundings import Surroundings
from tests.cluster.fake_api import FakeApi

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REPO = "https://example.com/config.git"


def config_map(name: str = "web", namespace: str = "shop", **data: str) -> Object:
    """Return a ConfigMap."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def crd(kind: str = "Database", group: str = "example.com") -> Object:
    """Return a CustomResourceDefinition."""
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": True,
                        }
                    },
                }
            ],
        },
    }


def declare(value: Object, path: str = "environments/web.yaml", line: int = 1) -> Action:
    """Return the action of the rules for one object."""
    return Action(
        verb=Verb.APPLY,
        target=Target.of(value),
        manager=MANAGER,
        object=value,
        origin=Origin(path=path, line=line),
    )


def quiet(attempts: int = 3) -> Retrying:
    """Return the way to try again without waiting."""
    return Retrying(attempts=attempts, sleep=lambda _: None, jitter=lambda: 0.0)


@dataclass
class Setting:
    """A server, and what a run against it needs."""

    api: FakeApi = field(default_factory=FakeApi)
    reconcilers: Sequence[object] = ()
    performers: dict = field(default_factory=dict)
    floor: bool = True
    pruning: bool = True
    longest_decision: float = LONGEST_DECISION

    def surroundings(self) -> Surroundings:
        """Return fresh surroundings, as every process has them."""
        client = Client(self.api, quiet())
        surroundings = Surroundings.of(client, self.reconcilers, self.performers)
        return replace(surroundings, longest_decision=self.longest_decision)

    def plan(self, *actions: Action, surroundings: Surroundings | None = None) -> Plan:
        """Return the plan for some actions."""
        surroundings = surroundings or self.surroundings()
        store = self.store(surroundings)
        intent = Intent(
            inventory=store.read(),
            configuration=Configuration(),
            floor=self.floor,
            pruning=self.pruning,
        )
        return make_plan(actions, surroundings, intent, NOW)

    def store(self, surroundings: Surroundings) -> InventoryStore:
        """Return the inventory of the repo."""
        return InventoryStore(surroundings.client, REPO, "ruleengine")

    def apply(self, *actions: Action, execution: Execution | None = None) -> tuple[Outcome, ...]:
        """Plan and perform, as one process would."""
        surroundings = self.surroundings()
        store = self.store(surroundings)
        intent = Intent(
            inventory=store.read(),
            configuration=Configuration(),
            floor=self.floor,
            pruning=self.pruning,
        )
        plan = make_plan(actions, surroundings, intent, NOW)
        execution = execution or Execution(workers=1)
        execution = replace(execution, retrying=quiet())
        return perform(plan, surroundings.client, store, execution)

    def state(self) -> dict:
        """Return everything that is stored, without what differs from run to run."""
        server_kept = ("uid", "resourceVersion", "managedFields", "creationTimestamp")
        return {
            str(target): {
                **value,
                "metadata": {
                    key: one for key, one in value["metadata"].items() if key not in server_kept
                },
            }
            for target, value in self.api.objects.items()
        }
