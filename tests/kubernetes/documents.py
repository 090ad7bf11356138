"""The documents of the vectors, driven from outside on a real API server."""

import re
from collections.abc import Mapping

from ruleengine.model.names import ARGO_API_VERSION
from ruleengine.model.values import Object, lookup
from tests.e2e.test_workflow_vectors import SHORT_LIVED, VECTORS, document_of, files
from tests.kubernetes.clusters import PIPELINES, Cluster
from tests.vectors import vectors_folder

_ASKED = re.compile(r"( +)image: argoproj/argosay:v2\n(?! +command:)")
_STATED = r"\g<0>\g<1>command: [/argosay]\n"
"""A cluster asks the registry what an image runs; no test asks a foreign server."""

ENDING = [one for one in VECTORS if one != "suspend-template"]
"""The documents that need nobody to end."""

REPO = "vectors"
"""The folder of the config repo that holds them."""


def run_documents(real: Cluster) -> dict[str, Object]:
    """Run all documents at once; return each workflow by its document."""
    repo = {
        path: _ASKED.sub(_STATED, text)
        for path, text in files(vectors_folder("workflows") / "documents").items()
    }
    real.account("default", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    with real.running(REPO, repo, "admin", "apply", "--drive", "--timeout", "20m") as process:
        process.wait(1300)
    found = real.admin.list(ARGO_API_VERSION, "Workflow", namespace=PIPELINES).items
    return {document_of(one): one for one in found}


def assert_ended_as_it_must(ended: Mapping[str, Object], name: str) -> None:
    """Hold a workflow to the phase that is stated; one that is deleted early may be gone."""
    workflow = ended.get(name.replace("/", "-"))
    if workflow is None:
        assert name in SHORT_LIVED
        return
    wrong = {
        one["displayName"]: one.get("message")
        for one in lookup(workflow, "status", "nodes", default={}).values()
        if one["phase"] in ("Error", "Failed")
    }
    assert lookup(workflow, "status", "phase") == VECTORS[name], wrong
