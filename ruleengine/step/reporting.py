"""What a step made, written down as its WorkflowTaskResult."""

from typing import Final

from ruleengine.model.names import ARGO_API_VERSION, ARGO_WORKFLOW, STEP_MANAGER
from ruleengine.model.values import Object
from ruleengine.step.api import Api
from ruleengine.step.plan import Plan

_REPORTED: Final = "workflows.argoproj.io/report-outputs-completed"


def report(
    plan: Plan, api: Api, outputs: Object, progress: str = "", *, final: bool = True
) -> None:
    """Say what a node made, and how far it is; ``final`` is the last word. Raises ``StepError``."""
    value: Object = {
        "apiVersion": ARGO_API_VERSION,
        "kind": "WorkflowTaskResult",
        "metadata": {
            "name": plan.node,
            "namespace": plan.namespace,
            "labels": {ARGO_WORKFLOW: plan.workflow, _REPORTED: str(final).lower()},
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Pod", "name": plan.pod, "uid": plan.pod_uid}
            ],
        },
    }
    if outputs:
        value["outputs"] = outputs
    if progress:
        value["progress"] = progress
    path = f"/apis/{ARGO_API_VERSION}/namespaces/{plan.namespace}/workflowtaskresults/{plan.node}"
    api.apply(path, value, STEP_MANAGER)
