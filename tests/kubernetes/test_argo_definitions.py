"""A cluster whose definitions (CRDs) are Argo's own: theirs are obeyed, and never written.

Argo Workflows has two sets of them. Both leave the status of a Workflow no resource of its own,
own a spec as a whole, or describe every field of it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.cluster.errors import ApiError
from ruleengine.formats import yaml_reader
from ruleengine.model.actions import Target
from ruleengine.model.data import data_folder
from ruleengine.model.names import ARGO_API_VERSION, MANAGER
from ruleengine.model.values import Object, lookup
from tests.e2e.command_line import Result, call
from tests.kubernetes.clusters import PATIENCE, PIPELINES, Cluster, cluster
from tests.kubernetes.definitions import SETS, definitions
from tests.kubernetes.documents import ENDING, REPO, assert_ended_as_it_must, run_documents
from tests.vectors import vectors_folder

pytestmark = pytest.mark.slow

NEWER = {"full": ("pod-resources", "resource-claims-template-override"), "minimal": ()}
"""Documents with fields of Argo Workflows 4.1: the definitions are those of 4.0.5."""

OURS = """\
repo: https://git.example.com/shop.git
namespace: shop-pipelines
"""
THEIRS = """\
engine: handover
repo: https://git.example.com/shop.git
controlNamespace: handed
namespace: handed
"""

AREAS = ("environments", "pipelines", "rollouts", "triggers")


@pytest.fixture(scope="module", params=SETS)
def chosen(request: pytest.FixtureRequest) -> str:
    """Return which set of definitions the cluster has."""
    return str(request.param)


@pytest.fixture(scope="module")
def argo(chosen: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster with Argo's definitions of all kinds."""
    with cluster(tmp_path_factory.mktemp("argo")) as found:
        found.define(definitions(chosen))
        yield found


def command(argo: Cluster, repo: str, *words: str) -> Result:
    """Run a command on a config repo as the administrator."""
    return call(argo.folder / repo, *words, "--kubeconfig", str(argo.server.kubeconfig))


def sample(settings: str) -> dict[str, str | None]:
    """Return the files of the sample repo with settings of our own; nothing falls due by night."""
    root = data_folder("sample-repo")
    files = {str(one.relative_to(root)): one for one in root.rglob("*") if one.is_file()}
    found = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    never = found["pipelines/nightly-report.yaml"].replace("30 2 * * *", "0 0 29 2 *")
    return {**found, "pipelines/nightly-report.yaml": never, "ruleengine.yaml": settings}


def delete_workflows(argo: Cluster) -> None:
    """Leave nothing that is due some time after an end, as what ``podGC`` deletes is."""
    for kind in ("CronWorkflow", "Workflow"):
        for one in argo.admin.list(ARGO_API_VERSION, kind, namespace=PIPELINES).items:
            argo.admin.delete(Target.of(one))


@pytest.fixture(scope="module")
def ended(argo: Cluster) -> dict[str, Object]:
    """Run all workflows of the vectors at once; return each by its document."""
    return run_documents(argo)


def documents(folder: Path) -> Iterator[tuple[str, Object]]:
    """Yield Argo's documents of a folder of the vectors, each with the name of its file."""
    for path in sorted(folder.rglob("*.yaml")):
        for one in yaml_reader.read(path.read_bytes(), path.name).documents:
            if lookup(one.value, "apiVersion") == ARGO_API_VERSION:
                yield path.stem, one.value


@pytest.mark.vectors
@pytest.mark.parametrize("area", AREAS)
def test_documents_are_accepted_as_they_are(argo: Cluster, chosen: str, area: str) -> None:
    """By a server that is told to refuse whatever it does not know."""
    admin, refused, tried = argo.admin, {}, 0
    folder = vectors_folder("documents") / "accept" / area
    for name, value in documents(folder):
        metadata = {"namespace": PIPELINES, **value["metadata"]}
        argo.ensure_namespace(metadata["namespace"])
        try:
            admin.create({**value, "metadata": metadata}, "admin", dry_run=True)
        except ApiError as error:
            refused[name.removeprefix("argo-workflows-")] = error.message
        tried += 1
    assert tried
    newer = NEWER[chosen] if area == "pipelines" else ()
    assert sorted(refused) == sorted(newer), refused


@pytest.mark.vectors
@pytest.mark.parametrize("name", ENDING)
def test_a_workflow_of_the_vectors_ends_as_it_must(
    ended: dict[str, Object], chosen: str, name: str
) -> None:
    """Its status stands in the object itself, in the fields that the definitions declare."""
    if name in NEWER[chosen]:
        assert name not in ended
        return
    assert_ended_as_it_must(ended, name)


@pytest.mark.vectors
def test_what_was_applied_is_planned_as_unchanged(
    argo: Cluster, ended: dict[str, Object], chosen: str
) -> None:
    """What the definitions lack is refused with the field; else nothing is found to do."""
    assert ended
    planned = json.loads(command(argo, REPO, "plan", "-o", "json").output)["actions"]
    changed = [one for one in planned if one["verb"] == "apply" and one["change"] == "update"]
    assert [one["target"] for one in changed] == []
    refused = [one["message"] for one in planned if one["change"] == "refused"]
    assert len(refused) == len(NEWER[chosen])
    assert all("field not declared in schema" in one for one in refused)


@pytest.mark.vectors
def test_definitions_of_argo_are_never_written(argo: Cluster, ended: dict[str, Object]) -> None:
    """Those who wrote them are the administrator and the server."""
    assert ended
    for one in definitions("minimal"):
        live = argo.admin.get(Target.of(one))
        managers = {entry["manager"] for entry in lookup(live, "metadata", "managedFields")}
        assert not any(name.startswith(MANAGER) for name in managers)


def test_the_sample_repo_is_driven_and_then_unchanged(argo: Cluster) -> None:
    """All four areas; its sources have the URL that Argo CD's definitions ask for."""
    delete_workflows(argo)
    with argo.running("shop", sample(OURS), "admin", "apply", "--drive") as process:
        assert process.wait(PATIENCE) == 0, argo.log("shop")
    assert argo.log("shop").count(": Synced, Healthy at ") == 4
    assert "Rollout/production/web: Healthy" in argo.log("shop")
    assert "zero writes" in command(argo, "shop", "apply", "--drive").output
    assert "no change" in command(argo, "shop", "plan").output


def test_with_handover_nothing_of_ours_acts_on_what_was_applied(argo: Cluster) -> None:
    """All kinds are written, also again, by an account whose every write the server notes."""
    argo.account(
        "handing", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], everywhere=True
    )
    for files in (sample(THEIRS), {"README.md": "Again.\n"}):
        with argo.running("handed", files, "handing", "apply") as process:
            assert process.wait(PATIENCE) == 0, argo.log("handed")
    assert "zero writes" in argo.log("handed")
    with argo.running("handed", {"README.md": "Still.\n"}, "handing", "run") as process:
        assert process.wait(PATIENCE) == 0, argo.log("handed")
    assert "ended after 0 writes" in argo.log("handed")
    writes = [
        (noted["objectRef"]["resource"], noted["objectRef"].get("subresource", ""))
        for noted in argo.server.requests_of(f"system:serviceaccount:{PIPELINES}:handing")
        if noted["verb"] in ("create", "update", "patch", "delete")
    ]
    assert {"applications", "rollouts", "sensors", "workflowtemplates"} <= {
        one for one, _ in writes
    }
    assert not {"leases", "pods", "replicasets", "services"} & {one for one, _ in writes}
    assert {inner for _, inner in writes} == {""}
