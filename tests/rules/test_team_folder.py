"""A team adds a folder with a kind of document of its own, without touching Python."""

import json

from ruleengine.model.actions import Verb
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.trees import Entry
from ruleengine.rules.evaluation import Evaluation, evaluate
from ruleengine.rules.loading import load
from tests.rules.helpers import documents

_FILES = {
    "databases/orders.yaml": """\
engine: postgres
version: "1.10"
size: 5Gi
environment: production
""",
    "schemas/databases.json": json.dumps(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "required": ["engine", "environment"],
            "properties": {"engine": {"enum": ["postgres"]}},
        }
    ),
    "rules/databases.yaml": """\
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: database}
match: {folder: databases, form: short}
variables:
  labels: {database: "${{ path.stem }}"}
  metadata: {name: "${{ path.stem }}-db", namespace: "${{ document.environment }}"}
emit:
- apiVersion: apps/v1
  kind: StatefulSet
  metadata: "${{ metadata | over({'labels': labels}) }}"
  spec:
    serviceName: ${{ metadata.name }}
    replicas: ${{ document.replicas | default(1) }}
    selector: {matchLabels: "${{ labels }}"}
    template:
      metadata: {labels: "${{ labels }}"}
      spec:
        containers:
        - name: database
          image: ${{ document.engine }}:${{ document.version }}
          ports: [{containerPort: 5432}]
    volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: "${{ document.size | default('1Gi') }}"}}
- apiVersion: v1
  kind: Service
  metadata: ${{ metadata }}
  spec: {clusterIP: None, selector: "${{ labels }}", ports: [{port: 5432}]}
---
apiVersion: ruleengine.dev/v1
kind: Rule
metadata: {name: databases-are-labelled}
match: {folder: databases, kind: [StatefulSet, Service]}
set: {metadata: {labels: {team: storage}}}
""",
}


class _Tree:
    """Files in memory, read as a tree."""

    revision, dirty, findings = "", True, ()

    def files(self) -> dict[str, Entry]:
        return {path: Entry(path, len(text)) for path, text in _FILES.items()}

    def read(self, path: str) -> bytes:
        return _FILES[path].encode()


def _evaluated() -> Evaluation:
    loaded = load(_Tree(), Engine.NATIVE)
    assert loaded.findings == ()
    assert "databases" in loaded.rules.folders
    found = documents("databases/orders.yaml", _FILES["databases/orders.yaml"])
    return evaluate(found, lambda _path: {}, Configuration(), loaded.rules, commit="c0ffee")


def test_a_database_is_a_stateful_set_and_a_service() -> None:
    """Both objects come from one short form, with values of the right types."""
    evaluation = _evaluated()
    assert evaluation.findings == ()
    stateful_set, service = (one.object for one in evaluation.derived)
    assert (stateful_set["kind"], service["kind"]) == ("StatefulSet", "Service")
    assert stateful_set["spec"]["replicas"] == 1
    (container,) = stateful_set["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "postgres:1.10"
    assert stateful_set["metadata"]["labels"] == {"database": "orders", "team": "storage"}
    assert service["spec"]["selector"] == {"database": "orders"}


def test_every_object_is_applied_after_the_namespaces_that_it_needs() -> None:
    """The plan begins with the namespaces; each action says where it came from."""
    evaluation = _evaluated()
    assert [(one.verb, str(one.target)) for one in evaluation.actions] == [
        (Verb.APPLY, "Namespace/production"),
        (Verb.APPLY, "Namespace/ruleengine"),
        (Verb.APPLY, "StatefulSet/production/orders-db"),
        (Verb.APPLY, "Service/production/orders-db"),
    ]
    origin = evaluation.actions[2].origin
    assert origin is not None
    assert (origin.path, origin.commit) == ("databases/orders.yaml", "c0ffee")
    assert (origin.rule, origin.rule_place) == ("databases-are-labelled", "rules/databases.yaml:37")
    assert origin.parent is not None
    assert (origin.parent.rule, origin.parent.rule_place) == ("database", "rules/databases.yaml:9")
