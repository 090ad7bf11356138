"""The rights that the pages of environments, rollouts and triggers list, tried for each alone."""

import json
import re
import signal
import urllib.request
from collections.abc import Callable, Mapping

import pytest

from tests.kubernetes.clusters import PATIENCE, Cluster
from tests.kubernetes.rights import listed, read_alike, stated, used
from tests.kubernetes.servers import LOOPBACK, free_port
from tests.local.sandboxes import until

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""
ROLLOUT = """
replicas: 2
selector: {matchLabels: {app: web}}
template:
  metadata: {labels: {app: web}}
  spec: {containers: [{name: web, image: "nginx:1"}]}
revisionHistoryLimit: 0
strategy: {canary: {}}
"""
ANALYSIS = """
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: ratio, namespace: released}
spec: {metrics: [{name: ratio, provider: {job: {spec: {template: {spec: {containers: []}}}}}}]}
"""
PROJECT = """
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: apart}
spec:
  sourceRepos: ["*"]
  destinations: [{server: "*", namespace: "*"}]
  clusterResourceWhitelist: [{group: "", kind: Namespace}]
"""
BUS = """
apiVersion: argoproj.io/v1alpha1
kind: EventBus
metadata: {name: default, namespace: triggered}
spec: {jetstream: {version: 2.10.10}}
"""
TRIGGER = """
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: git, namespace: triggered}
spec:
  service: {ports: [{port: PORT, targetPort: PORT}]}
  webhook: {push: {port: "PORT", endpoint: /push, method: POST}}
---
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: git, namespace: triggered}
spec:
  dependencies: [{name: push, eventSourceName: git, eventName: push}]
  triggers:
  - template:
      name: make
      k8s:
        operation: create
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: pushed, namespace: triggered}
            spec: {entrypoint: main, templates: [{name: main, container: {image: alpine}}]}
"""

SHARED = {
    ("apiextensions.k8s.io", "customresourcedefinitions", verb) for verb in ("create", "patch")
}
"""What only the first who comes uses; test_rights.py has it in use."""

pytestmark = pytest.mark.slow


class Area:
    """A repo of one area, driven by an account that has the roles of its page."""

    def __init__(self, real: Cluster, name: str) -> None:
        self.real, self.name, self.account = real, name, f"drives-{name}"
        self.roles = [*listed(name)]
        everywhere, controlled, declared = self.roles
        real.account(self.account, [*everywhere, *declared], everywhere=True)
        real.account(self.account, controlled)

    def apply(self, **files: str | None) -> None:
        """Apply changed files and drive."""
        paths = {path.replace("__", "/") + ".yaml": text for path, text in files.items()}
        words = ("apply", "--drive", "--allow-prune", "--timeout", "5m")
        with self.real.running(self.name, paths, self.account, *words) as process:
            assert process.wait(PATIENCE) == 0, self.real.log(self.name)

    def run(self, until_done: Callable[[], object]) -> None:
        """Drive until something is so."""
        with self.real.running(self.name, {"README.md": "Run.\n"}, self.account, "run") as process:
            assert until(until_done), self.real.log(self.name)
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0, self.real.log(self.name)


def environments(area: Area) -> None:
    """Sync an application, prune of it, and delete it with what it has."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}
    area.apply(
        environments__apart__web="project: apart\nsource: {path: apps/web}\n"
        "metadata: {finalizers: [resources-finalizer.argocd.argoproj.io]}\n",
        environments__project=PROJECT,
        apps__web__web=WEB,
        apps__web__config=json.dumps(config),
    )
    area.apply(apps__web__config=None)
    area.apply(environments__apart__web=None, environments__project=None)


def rollouts(area: Area) -> None:
    """Release twice, and forget the first release."""
    area.apply(rollouts__released__web=ROLLOUT, rollouts__analysis=ANALYSIS)
    area.apply(rollouts__released__web=ROLLOUT.replace("nginx:1", "nginx:2"))
    area.apply(rollouts__released__web=None, rollouts__analysis=None)


def triggers(area: Area) -> None:
    """Receive events: one creates something, of the next it is said that this is there."""
    port = free_port()
    trigger = TRIGGER.replace("PORT", str(port))

    def pushed() -> bool:
        call = urllib.request.Request(f"http://{LOOPBACK}:{port}/push", b"{}", method="POST")
        try:
            urllib.request.urlopen(call, timeout=5).close()
        except OSError:
            return False
        told = area.real.admin.list("v1", "Event", namespace="triggered").items
        return any(one["reason"] == "TriggerFailed" for one in told)

    area.apply(triggers__bus=BUS)
    area.apply(triggers__push=trigger)
    area.run(pushed)
    area.apply(triggers__push=re.sub("  service: .*\n", "", trigger))
    area.apply(triggers__bus=None, triggers__push=None)


SCENARIOS: Mapping[str, Callable[[Area], None]] = {
    "environments": environments,
    "rollouts": rollouts,
    "triggers": triggers,
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_rights_of_an_area_are_enough_and_none_is_superfluous(real: Cluster, name: str) -> None:
    """Nothing is refused but to see what others drive; the server noted each right in use."""
    area = Area(real, name)
    SCENARIOS[name](area)
    assert "nothing is known of any" not in real.log(name)
    allowed = {right for role in area.roles for right in stated(role)} - SHARED
    found = used(real, area.account, ())
    assert read_alike(allowed) - read_alike(found) == set()
