"""The rights that steps need at the API, and no more: on a control plane that gives none away."""

import json
from collections.abc import Iterator

import pytest

from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.e2e.process_kit import Place, place
from tests.local.sandboxes import require_sandbox

ACCOUNT = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: NAME}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: NAME, namespace: ruleengine}
rules: RULES
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: NAME, namespace: ruleengine}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: NAME}
subjects: [{kind: ServiceAccount, name: NAME, namespace: ruleengine}]
---
"""

RESULTS, TASKS = "workflowtaskresults", "workflowartifactgctasks"
LISTED = {
    "steps": [(RESULTS, "create"), (RESULTS, "patch")],
    "collector": [(TASKS, "get"), (f"{TASKS}/status", "patch")],
}
"""What ``docs/pipelines.md`` lists."""

LACKING = [(account, *one) for account, listed in LISTED.items() for one in listed]


def name_of(account: str, resource: str, verb: str) -> str:
    """Return the name of whoever has all rights of an account but one."""
    return f"{account}-no-{verb}-{resource}".replace("/", "-")


def account_of(name: str, rights: list[tuple[str, str]]) -> str:
    """Return an account that has the rights of a role of its own."""
    rules = [
        {"apiGroups": ["argoproj.io"], "resources": [one], "verbs": [verb]} for one, verb in rights
    ]
    return ACCOUNT.replace("NAME", name).replace("RULES", json.dumps(rules))


def one_less(account: str, resource: str, verb: str) -> str:
    """Return an account with all rights of another but one, and a workflow that has it."""
    name = name_of(account, resource, verb)
    rights = [one for one in LISTED[account] if one != (resource, verb)]
    others = {"steps": "steps", "collector": "collector", account: name}
    return account_of(name, rights) + workflow(name, others["steps"], others["collector"])


WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME}
spec:
  serviceAccountName: STEPS
  artifactGC: {strategy: OnWorkflowCompletion, serviceAccountName: COLLECTOR}
  entrypoint: main
  templates:
  - name: main
    script: {image: alpine, command: [sh], source: "echo made >/tmp/made"}
    outputs:
      parameters: [{name: made, valueFrom: {path: /tmp/made}}]
      artifacts: [{name: made, path: /tmp/made}]
"""

pytestmark = pytest.mark.slow


def workflow(name: str, steps: str, collector: str) -> str:
    """Return a workflow with the accounts of its steps and of whoever deletes its artifacts."""
    text = WORKFLOW.replace("NAME", name).replace("STEPS", steps)
    return text.replace("COLLECTOR", collector)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Apply workflows where accounts have the rights that are listed only."""
    require_sandbox()
    accounts = {**LISTED, "nobody": []}
    files = {
        "pipelines/rights.yaml": "".join(map(account_of, accounts, accounts.values())),
        "pipelines/listed.yaml": workflow("listed", "steps", "collector"),
        "pipelines/mute.yaml": workflow("mute", "nobody", "collector"),
        "pipelines/kept.yaml": workflow("kept", "steps", "nobody"),
        **{f"pipelines/{name_of(*one)}.yaml": one_less(*one) for one in LACKING},
    }
    with place(tmp_path_factory.mktemp("rights"), files) as found:
        found.start()
        binding = "local-service-accounts-may-everything"
        kind = "ClusterRoleBinding"
        found.client().delete(Target("rbac.authorization.k8s.io/v1", kind, "", binding))
        found.call("apply", "--timeout", "2m")
        yield found


def status(made: Place, name: str) -> Object:
    """Return how a workflow ended."""
    value = made.client().get(Target(ARGO_API_VERSION, "Workflow", "ruleengine", name))
    assert value is not None
    found: Object = value["status"]
    return found


def condition(found: Object) -> str:
    """Return what a status says of artifacts that could not be deleted."""
    kinds = {one["type"]: one for one in found["conditions"]}
    return str(lookup(kinds, "ArtifactGCError", "message", default=""))


def test_the_rights_that_are_listed_are_enough(made: Place) -> None:
    """To report what a step made, and to delete its artifacts."""
    found = status(made, "listed")
    (node,) = found["nodes"].values()
    assert (found["phase"], node["outputs"]["parameters"][0]["value"]) == ("Succeeded", "made")
    assert node["outputs"]["artifacts"][0]["deleted"] is True
    assert condition(found) == ""


def test_a_step_that_may_not_report_is_an_error_that_says_so(made: Place) -> None:
    """Its work is done, and nobody can know what it made."""
    found = status(made, "mute")
    assert found["phase"] == "Error"
    (node,) = found["nodes"].values()
    assert "workflowtaskresults" in node["message"]
    assert "nobody" in node["message"]


def test_artifacts_that_may_not_be_deleted_are_a_condition(made: Place) -> None:
    """The workflow succeeded all the same."""
    found = status(made, "kept")
    assert found["phase"] == "Succeeded"
    assert "workflowartifactgctasks" in condition(found)


@pytest.mark.parametrize(("account", "resource", "verb"), LACKING)
def test_each_right_that_is_listed_is_needed_and_is_named_where_it_lacks(
    made: Place, account: str, resource: str, verb: str
) -> None:
    """In the words of the API server, where somebody looks for them; none is superfluous."""
    found = status(made, name_of(account, resource, verb))
    if account == "steps":
        (node,) = found["nodes"].values()
        assert found["phase"] == "Error"
        told = node["message"]
    else:
        assert found["phase"] == "Succeeded"
        told = condition(found)
    assert f'cannot {verb} resource "{resource}" in API group "argoproj.io"' in told
    assert "Traceback" not in told
