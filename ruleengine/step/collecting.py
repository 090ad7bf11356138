"""``step collect``: deletes artifacts, as WorkflowArtifactGCTasks name them by node."""

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from ruleengine.services.artifacts.opening import location_in, open_store
from ruleengine.services.artifacts.store import Access, ArtifactError
from ruleengine.step.api import Api
from ruleengine.step.plan import Plan

_MERGE = "application/merge-patch+json"


def collect(plan: Plan, api: Api, access: Access) -> None:
    """Delete what the tasks of a plan name; write into each task what became of it.

    Raises ``StepError`` where the API server refuses.
    """
    for task in plan.tasks:
        path = (
            f"/apis/{ARGO_API_VERSION}/namespaces/{plan.namespace}/workflowartifactgctasks/{task}"
        )
        stated = lookup(api.get(path), "spec", "artifactsByNode", default={})
        results = {
            node: {"artifactResults": _deleted(one.get("artifacts") or {}, access)}
            for node, one in stated.items()
        }
        body: Object = {"status": {"artifactResultsByNode": results}}
        api.send("PATCH", f"{path}/status", body, _MERGE)


def _deleted(artifacts: Object, access: Access) -> dict[str, Object]:
    """Delete the artifacts of one node; return what became of each."""
    found = {}
    for name, artifact in artifacts.items():
        result: Object = {"name": name, "success": True}
        try:
            store, key = open_store(location_in(artifact), access, artifact)
            store.delete(key)
        except ArtifactError as error:
            result = {"name": name, "success": False, "error": str(error)}
        found[name] = result
    return found
