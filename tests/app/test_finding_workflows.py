"""What people name and what is found by it, of the repo and of a control plane in this process."""

from pathlib import Path

import pytest

from ruleengine.app.pipelines.sources import find_source
from ruleengine.model.errors import FailedError, UsageError
from tests.app.places import SETTINGS, WORKFLOW, empty_place

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n"
SPEC = "spec: {entrypoint: main, templates: [{name: main, suspend: {}}]}\n"


def test_what_is_named_is_found_beside_files_of_another_shape(tmp_path: Path) -> None:
    """Only those are refused; of what has no name nobody is told."""
    files = {
        "pipelines/good.yaml": f"{HEAD}metadata: {{generateName: good-}}\n{SPEC}",
        "pipelines/nameless.yaml": f"{HEAD}metadata: {{}}\n{SPEC}",
        "pipelines/odd.yaml": f"{HEAD}metadata: 3\n{SPEC}",
    }
    place = empty_place(tmp_path, {**SETTINGS, **files})
    assert find_source(place, "good")["metadata"]["generateName"] == "good-"
    with pytest.raises(UsageError) as raised:
        find_source(place, "zzz")
    assert raised.value.remedy == "there are: good"


CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: ci}\n"
ONE = f"{HEAD}metadata: {{name: one, namespace: ci}}\n{SPEC}"
TEMPLATE = ONE.replace("kind: Workflow", "kind: WorkflowTemplate")


@pytest.mark.parametrize("folder", ["pipelines", "drafts"])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (ONE, "Workflow"),
        (f"{CONFIG}---\n{TEMPLATE}", "WorkflowTemplate"),
        (f"{TEMPLATE}---\n{ONE.replace('name: one', 'name: two')}", "Workflow"),
    ],
)
def test_of_a_file_what_is_meant_is_what_can_be_run(
    tmp_path: Path, folder: str, content: str, kind: str
) -> None:
    """Of all that is in it; a workflow comes before the templates that stand beside it."""
    place = empty_place(tmp_path, {**SETTINGS, f"{folder}/it.yaml": content})
    file = place.workspace.root / folder / "it.yaml"
    assert find_source(place, str(file))["kind"] == kind


@pytest.mark.parametrize("folder", ["pipelines", "drafts"])
@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        (CONFIG, UsageError, "holds nothing that can be run"),
        (f"{ONE}---\n{ONE.replace('name: one', 'name: two')}", UsageError, "means several"),
        (f"{HEAD}metadata: [\n", FailedError, "this is no YAML"),
        (ONE.replace("{entrypoint", "{entrypiont"), FailedError, "entrypiont"),
    ],
)
def test_a_file_of_which_nothing_or_several_can_be_run_is_told(
    tmp_path: Path, folder: str, content: str, error: type[Exception], told: str
) -> None:
    """As one whose content is wrong, whether the repo declares it or not."""
    place = empty_place(tmp_path, {**SETTINGS, f"{folder}/it.yaml": content})
    with pytest.raises(error, match=told):
        find_source(place, str(place.workspace.root / folder / "it.yaml"))


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """With what the system says of it."""
    place = empty_place(tmp_path)
    file = tmp_path / "it.yaml"
    file.symlink_to("/proc/self/mem")
    with pytest.raises(UsageError, match="cannot be read: Input/output error"):
        find_source(place, str(file))


def test_a_name_whose_file_has_errors_is_refused(tmp_path: Path) -> None:
    """Also where they are of another document of it."""
    odd = TEMPLATE.replace("name: one", "name: two").replace("{entrypoint", "{entrypiont")
    place = empty_place(tmp_path, {**SETTINGS, "pipelines/it.yaml": f"{ONE}---\n{odd}"})
    with pytest.raises(FailedError, match="entrypiont"):
        find_source(place, "one")


def test_what_is_live_is_found_by_its_name_and_its_kind(tmp_path: Path) -> None:
    """Only of the kind that is said, and with what there is of the whole cluster."""
    place = empty_place(tmp_path)
    head = {"apiVersion": WORKFLOW["apiVersion"], "spec": {"entrypoint": "main"}}
    cron = {"schedules": ["@daily"], "workflowSpec": {}}
    own = {"kind": "CronWorkflow", "metadata": {"name": "one", "namespace": "ci"}, "spec": cron}
    place.client.create({**head, **own}, "tester")
    for name in ("one", "other"):
        every = {"kind": "ClusterWorkflowTemplate", "metadata": {"name": name}}
        place.client.create({**head, **every}, "tester")
    assert find_source(place, "cronworkflow/one")["kind"] == "CronWorkflow"
    assert find_source(place, "cwft/one")["kind"] == "ClusterWorkflowTemplate"
    for name in ("zzz", "wftmpl/one"):
        with pytest.raises(UsageError) as raised:
            find_source(place, name)
        assert raised.value.remedy == "there are: one, other"
    with pytest.raises(UsageError, match="means several: ClusterWorkflowTemplate/one, Cron"):
        find_source(place, "one")
