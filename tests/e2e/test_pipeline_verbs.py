"""What the ``pipeline`` commands choose and write: nothing runs, so that each does one thing."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ruleengine.app.clusters import ClusterChoice
from ruleengine.app.pipelines import changing
from ruleengine.app.pipelines.changing import change
from ruleengine.app.pipelines.places import opened
from ruleengine.model.actions import Target
from ruleengine.model.errors import FailedError
from ruleengine.model.names import ARGO_API_VERSION, CONTROL_NAMESPACE, ENGINE
from ruleengine.model.times import format_time
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.naming import node_id, pod_name
from ruleengine.reconcile.leases import lease_target
from tests.e2e.command_line import Result, call
from tests.e2e.process_kit import Place, end, place, wait_for

BUILD = """\
parameters: {branch: main, level: null}
entrypoint: main
templates:
- name: main
  container: {image: alpine, command: [echo, "{{workflow.parameters.branch}}"]}
- name: other
  container: {image: alpine, command: [echo]}
"""
NIGHTLY = """\
schedules: ["30 2 * * *"]
steps:
- {name: report, image: alpine, run: echo report}
"""
CALLING = """\
entrypoint: main
templates:
- name: main
  steps:
  - - {name: inner, templateRef: {name: NAME, template: main}}
"""
INNERMOST = "entrypoint: main\ntemplates:\n- name: main\n  suspend: {}\n"
FILES = {
    "ruleengine.yaml": "namespace: ci\n",
    "pipelines/build.yaml": BUILD,
    "pipelines/nightly.yaml": NIGHTLY,
    "pipelines/outer.yaml": CALLING.replace("NAME", "middle"),
    "pipelines/middle.yaml": CALLING.replace("NAME", "innermost"),
    "pipelines/innermost.yaml": INNERMOST,
    "pipelines/unasked.yaml": INNERMOST,
}
SPEC = {
    "entrypoint": "main",
    "templates": [
        {"name": "main", "dag": {"tasks": [{"name": one, "template": "ask"} for one in "ab"]}},
        {
            "name": "ask",
            "suspend": {},
            "outputs": {"parameters": [{"name": "verdict", "valueFrom": {"supplied": {}}}]},
        },
    ],
}
DAY = ("--start", "2026-01-02", "--end", "2026-01-03")
CRON_SPEC = {"schedules": ["0 2 * * *"], "workflowSpec": {"entrypoint": "main"}}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a config repo and its control plane, which knows what the repo declares."""
    with place(tmp_path_factory.mktemp("verbs"), FILES) as made:
        made.start()
        first = made.call("pipeline", "run", "build", "-p", "level=x", "--no-wait", "--name", "x")
        assert first.code == 0, first.text
        namespace: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}
        made.client().create(namespace, "tester")
        yield made


@pytest.fixture(autouse=True)
def _empty(site: Place) -> None:
    """Let each test begin without workflows."""
    _empty_of_workflows(site)


def _empty_of_workflows(site: Place) -> None:
    for one in site.client().list(ARGO_API_VERSION, "Workflow").items:
        site.client().delete(Target.of(one))


def names(result: Result) -> list[str]:
    """Return the names that a command printed with ``-o name``."""
    assert result.code == 0, result.text
    return [line.removeprefix("workflow/") for line in result.output.splitlines()]


def put(site: Place, name: str, status: Object | None, **metadata: object) -> None:
    """Create a workflow as somebody left it."""
    value = {
        "apiVersion": ARGO_API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "ci", **metadata},
        "spec": SPEC,
    }
    site.client().create({**value, "status": status} if status else value, "tester")


def live(site: Place, name: str) -> Object:
    """Return a workflow as it is now."""
    found = site.client().get(Target(ARGO_API_VERSION, "Workflow", "ci", name))
    assert found is not None
    return found


def over(phase: str, ago: timedelta = timedelta()) -> Object:
    """Return the status of a workflow that ended so long ago."""
    ended = format_time(datetime.now(UTC) - ago)
    return {"phase": phase, "startedAt": ended, "finishedAt": ended}


def waiting(name: str) -> Object:
    """Return the status of a workflow with two nodes that wait for people."""
    root = {"id": name, "name": name, "displayName": name, "type": "DAG", "phase": "Running"}
    asked = {"parameters": [{"name": "verdict", "valueFrom": {"supplied": {}}}]}
    nodes = {name: root}
    for one in "ab":
        key = node_id(name, f"{name}.{one}")
        node = {"id": key, "name": f"{name}.{one}", "displayName": one, "boundaryID": name}
        nodes[key] = {**node, "type": "Suspend", "phase": "Running", "outputs": asked}
        nodes[key] |= {"templateName": "ask", "startedAt": "2026-01-02T03:04:05Z"}
    return {"phase": "Running", "startedAt": "2026-01-02T03:04:05Z", "nodes": nodes}


def node(site: Place, workflow: str, display_name: str) -> Object:
    """Return a node as it is now."""
    nodes: Object = live(site, workflow)["status"]["nodes"]
    return next(one for one in nodes.values() if one["displayName"] == display_name)


@pytest.fixture
def several(site: Place) -> Place:
    """Return the place with workflows of every kind."""
    put(site, "old", over("Succeeded", timedelta(days=3)), labels={"team": "shop"})
    put(site, "new", over("Failed"))
    put(site, "runs", {"phase": "Running", "startedAt": "2026-01-02T03:04:05Z"})
    put(site, "begins", None, labels={"team": "shop"})
    put(site, "elsewhere", over("Error"), namespace="other")
    return site


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["begins", "runs", "new", "old"]),
        (("--running",), ["begins", "runs"]),
        (("--completed",), ["new", "old"]),
        (("--status", "Failed,Running"), ["runs", "new"]),
        (("--status", "Pending"), ["begins"]),
        (("--older", "1d"), ["old"]),
        (("--older", "4d"), []),
        (("--since", "1h"), ["begins", "runs", "new", "old"]),
        (("--prefix", "n"), ["new"]),
        (("-l", "team=shop"), ["begins", "old"]),
        (("-l", "team!=shop", "--completed"), ["new"]),
        (("-n", "other"), ["elsewhere"]),
        (("-A", "--completed"), ["elsewhere", "new", "old"]),
    ],
)
def test_workflows_are_listed_by_what_they_are(
    several: Place, words: Sequence[str], expected: Sequence[str]
) -> None:
    """Those on their way first, then the newest."""
    found = names(several.pipeline("list", *words, "-o", "name"))
    assert (found if not words else sorted(found)) == (expected if not words else sorted(expected))


def test_lists_are_printed_as_they_are_asked_for(several: Place) -> None:
    """As a table, a wide one, and as data."""
    assert several.pipeline("list", "--completed").output.splitlines()[0].split() == [
        *("NAME", "STATUS", "AGE", "DURATION", "PROGRESS", "MESSAGE")
    ]
    wide = several.pipeline("list", "-A", "-o", "wide").output
    assert wide.splitlines()[0].split()[-2:] == ["PRIORITY", "PARAMETERS"]
    assert wide.startswith("NAMESPACE")
    found = json.loads(several.pipeline("list", "--prefix", "old", "-o", "json").output)
    assert [one["metadata"]["name"] for one in found["items"]] == ["old"]
    assert "    name: old" in several.pipeline("get", "old", "-o", "yaml").output
    assert several.pipeline("list", "--prefix", "zzz").output == "none\n"


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        (("old", "runs"), ["old", "runs"]),
        (("--completed",), ["new", "old"]),
        (("--older", "1d"), ["old"]),
        (("--prefix", "be"), ["begins"]),
        (("-l", "team=shop", "--completed"), ["old"]),
        (("--all",), ["begins", "new", "old", "runs"]),
    ],
)
def test_what_is_deleted_is_what_was_said(
    several: Place, words: Sequence[str], gone: Sequence[str]
) -> None:
    """By name or by what they are, in one namespace; the rest stays."""
    before = set(names(several.pipeline("list", "-A", "-o", "name")))
    assert sorted(names(several.pipeline("delete", *words, "-o", "name"))) == list(gone)
    assert set(names(several.pipeline("list", "-A", "-o", "name"))) == before - set(gone)


def test_where_there_is_nothing_to_delete_it_is_said(several: Place) -> None:
    """And of several names, an unknown one deletes none of the others."""
    assert several.pipeline("delete", "--prefix", "zzz").output == "none\n"
    assert several.pipeline("delete", "old", "nothing").code == 3
    assert live(several, "old")


def test_whoever_deletes_is_told_what_is_deleted_first(site: Place) -> None:
    """Artifacts, which somebody has to drive; of others nothing is said."""
    held = "workflows.argoproj.io/artifact-gc"
    put(site, "plain", over("Failed"))
    put(site, "keeps", over("Failed"), finalizers=[held])
    assert site.pipeline("delete", "plain").errors == ""
    with driven(site):
        assert site.pipeline("delete", "keeps").errors == ""
    found = site.pipeline("delete", "keeps")
    assert (found.code, found.output) == (0, f"deleting keeps: it goes once {held} is taken away\n")
    assert "artifacts of keeps are deleted first, while something drives that: " in found.errors
    target = Target(ARGO_API_VERSION, "Workflow", "ci", "keeps")
    site.client().merge_patch(target, {"metadata": {"finalizers": None}}, "tester")
    assert site.client().get(target) is None


def test_only_the_nodes_that_are_selected_go_on(site: Place) -> None:
    """With the value that is supplied to them; the others wait on."""
    put(site, "wf", waiting("wf"))
    words = ("resume", "wf", "--node-field-selector", "displayName=a")
    assert site.pipeline(*words).code == 1
    assert site.pipeline(*words, "-p", "verdict=yes").output == "resumed wf\n"
    assert node(site, "wf", "a")["outputs"]["parameters"] == [{"name": "verdict", "value": "yes"}]
    assert node(site, "wf", "b")["phase"] == "Running"
    shown = json.loads(
        site.pipeline("get", "wf", "--node-field-selector", "phase=Succeeded", "-o", "json").output
    )
    nodes = shown["items"][0]["status"]["nodes"].values()
    assert [one["displayName"] for one in nodes] == ["a"]


def test_a_workflow_is_suspended_and_resumed_as_a_whole(site: Place) -> None:
    """Its nodes that wait go on with it, once their outputs are supplied."""
    put(site, "wf", waiting("wf"))
    assert site.pipeline("suspend", "wf").output == "suspended wf\n"
    assert live(site, "wf")["spec"]["suspend"] is True
    assert "Running (Suspended)" in site.pipeline("list").output
    assert site.pipeline("resume", "wf", "-p", "verdict=no").code == 0
    assert "suspend" not in live(site, "wf")["spec"]
    assert {node(site, "wf", one)["phase"] for one in "ab"} == {"Succeeded"}


def test_stop_and_terminate_say_how_to_shut_down(site: Place) -> None:
    """With a selector only that node fails, and says why."""
    for name in ("one", "two"):
        put(site, name, waiting(name))
    words = ("stop", "one", "--node-field-selector", "displayName=b", "--message", "not today")
    assert site.pipeline(*words).code == 0
    assert node(site, "one", "b")["message"] == "not today"
    assert node(site, "one", "b")["phase"] == "Failed"
    assert "shutdown" not in live(site, "one")["spec"]
    assert site.pipeline("stop", "one", "two").output == "stopped one\nstopped two\n"
    assert live(site, "two")["spec"]["shutdown"] == "Stop"
    assert site.pipeline("terminate", "two").output == "terminated two\n"
    assert live(site, "two")["spec"]["shutdown"] == "Terminate"


def test_what_was_changed_before_something_went_wrong_is_told(site: Place) -> None:
    """The rest is left as it is."""
    put(site, "one", waiting("one"))
    put(site, "done", over("Failed"))
    put(site, "two", waiting("two"))
    found = site.pipeline("stop", "one", "done", "two")
    assert (found.code, found.output) == (1, "stopped one\n")
    assert "done cannot be stopped: it is over" in found.errors
    assert "shutdown" not in live(site, "two")["spec"]


def test_nodes_are_set(site: Place) -> None:
    """Outputs, phases and messages, of those that are selected."""
    put(site, "wf", waiting("wf"))
    chosen = ("node", "set", "wf", "--node-field-selector", "displayName=a")
    assert site.pipeline(*chosen, "--output-parameter", "verdict=yes").code == 0
    assert site.pipeline(*chosen, "--message", "looked at").code == 0
    assert site.pipeline(*chosen, "--phase", "Skipped").code == 0
    found = node(site, "wf", "a")
    assert (found["message"], found["phase"]) == ("looked at", "Skipped")
    assert lookup(found, "outputs", "parameters", 0, "value") == "yes"
    assert "message" not in node(site, "wf", "b")


def test_who_waits_for_people_is_told_how_they_answer(site: Place) -> None:
    """With the outputs that nobody has supplied yet; with a timeout it is not waited for."""
    put(site, "wf", waiting("wf"))
    found = site.pipeline("wait", "wf")
    assert found.code == 0
    assert found.errors.endswith("pipeline resume wf -p verdict=VALUE\n")
    assert site.pipeline("node", "set", "wf", "--output-parameter", "verdict=1").code == 0
    assert site.pipeline("wait", "wf").errors.endswith("pipeline resume wf\n")
    choice = {"name": "size", "enum": [1, 2], "valueFrom": {"supplied": {}, "default": 1}}
    status = waiting("choosing")
    for one in status["nodes"].values():
        one["outputs"] = {"parameters": [choice]}
    put(site, "choosing", status)
    told = site.pipeline("wait", "choosing").errors
    assert told.endswith("pipeline resume choosing [-p size=1|2]\n")


def test_who_waits_brings_what_was_stopped_to_its_end(site: Place) -> None:
    """A node that waits for a person holds nothing up any more."""
    put(site, "wf", waiting("wf"))
    assert site.pipeline("stop", "wf").code == 0
    found = site.pipeline("wait", "wf")
    assert (found.code, "waiting to be resumed" in found.errors) == (1, False), found.text
    assert live(site, "wf")["status"]["phase"] == "Failed"


def holders(site: Place) -> list[str]:
    """Return who drives here: the holders of our leases."""
    leases = site.client().list("coordination.k8s.io/v1", "Lease", namespace=CONTROL_NAMESPACE)
    held = (lookup(one, "spec", "holderIdentity") for one in leases.items)
    return [str(one) for one in held if one]


@contextmanager
def driven(site: Place) -> Iterator[None]:
    """Have somebody on another machine drive pipelines meanwhile."""
    target = lease_target("pipelines")
    site.client().delete(target)
    metadata = {"name": target.name, "namespace": target.namespace}
    lease: Object = {"apiVersion": target.api_version, "kind": target.kind, "metadata": metadata}
    site.client().create({**lease, "spec": {"holderIdentity": "elsewhere"}}, "tester")
    try:
        yield
    finally:
        site.client().delete(target)


CHANGES = {
    "resume": ("resume", "wf", "-p", "verdict=yes"),
    "suspend": ("suspend", "wf"),
    "stop": ("stop", "wf"),
    "terminate": ("terminate", "wf"),
    "set": ("node", "set", "wf", "--message", "looked at"),
    "retry": ("retry", "failed", "--no-wait"),
    "resubmit": ("resubmit", "failed", "--no-wait", "-o", "json"),
    "run": ("run", "build", "-p", "level=x", "--no-wait"),
    "resume of a schedule": ("cron", "resume", "daily"),
    "run of a schedule": ("cron", "run", "daily", "--no-wait", "-o", "json"),
    "times made up for": ("cron", "backfill", "daily", *DAY, "--no-wait"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_who_changes_what_nobody_drives_is_told_what_does(site: Place, name: str) -> None:
    """Where somebody drives it, nothing is said."""
    cron = create(site, "CronWorkflow", "daily", {**CRON_SPEC, "workflowSpec": SPEC}, "ci")
    try:
        for note, others in ((True, nullcontext()), (False, driven(site))):
            _empty_of_workflows(site)
            put(site, "wf", waiting("wf"))
            put(site, "failed", {**waiting("failed"), **over("Failed")})
            with others:
                found = site.pipeline(*CHANGES[name])
            assert found.code == 0, found.text
            assert ("while something drives it: " in found.errors) is note, found.text
            assert "drives" not in found.output
    finally:
        site.client().delete(cron)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "build", "-p", "level=x", "--name", "wf"), "there is a Workflow wf already"),
        (("get", "nothing"), "there is no Workflow 'nothing'"),
        (("resume", "nothing"), "there is no Workflow 'nothing'"),
        (("cron", "suspend", "nothing"), "there is no CronWorkflow 'nothing'"),
        (("sync", "delete", "nothing"), "the semaphore ci/nothing has no limit"),
        (("logs", "wf", "nothing"), "has no such step"),
        (("artifact", "get", "wf", "nothing"), "made no artifact 'nothing'"),
    ],
)
def test_names_that_are_taken_or_unknown_are_wrong_usage(
    site: Place, words: Sequence[str], told: str
) -> None:
    """Of workflows, and of what they are made of."""
    put(site, "wf", waiting("wf"))
    found = site.pipeline(*words)
    assert (found.code, told in found.errors) == (3, True), found.text


def test_who_watches_waits_for_the_answers_of_people(site: Place) -> None:
    """And is not told to give them: it ends when the workflow does."""
    put(site, "wf", waiting("wf"))
    child = site.spawn("pipeline", "watch", "wf", errors=subprocess.PIPE)
    try:
        assert wait_for(lambda: holders(site) != [])
        assert site.pipeline("resume", "wf", "-p", "verdict=yes").code == 0
        _, errors = child.communicate(timeout=30)
    finally:
        end(child)
    assert (child.returncode, errors) == (0, b"")
    assert live(site, "wf")["status"]["phase"] == "Succeeded"


def test_retries_begin_again_what_they_are_told_to(site: Place) -> None:
    """Of a workflow that succeeded only what is selected, and never by half of the options."""
    status = waiting("wf")
    nodes = {key: {**one, "phase": "Succeeded"} for key, one in status["nodes"].items()}
    put(site, "wf", {**status, "phase": "Succeeded", "nodes": nodes})
    chosen = ("--node-field-selector", "displayName=b")
    assert site.pipeline("retry", "wf", "--no-wait").code == 1
    for half in (chosen, ("--restart-successful",)):
        found = site.pipeline("retry", "wf", "--no-wait", *half)
        assert (found.code, "give --restart-successful with" in found.errors) == (3, True)
    nobody = ("--restart-successful", "--node-field-selector", "displayName=c")
    found = site.pipeline("retry", "wf", "--no-wait", *nobody)
    assert (found.code, "no node of the workflow wf is selected" in found.errors) == (1, True)
    done = site.pipeline("retry", "wf", "--no-wait", "--restart-successful", *chosen)
    assert (done.code, done.output) == (0, "retried wf\n")
    left = live(site, "wf")["status"]["nodes"].values()
    assert {(one["displayName"], one["phase"]) for one in left} == {
        ("wf", "Running"),
        ("a", "Succeeded"),
    }


def test_a_resubmitted_workflow_takes_over_what_succeeded_where_it_is_told_to(site: Place) -> None:
    """Only of one that failed."""
    key = node_id("wf", "wf.a")
    root = {"id": "wf", "name": "wf", "displayName": "wf", "type": "DAG", "phase": "Failed"}
    done = {"id": key, "name": "wf.a", "displayName": "a", "type": "Pod", "phase": "Succeeded"}
    nodes = {"wf": {**root, "children": [key]}, key: {**done, "boundaryID": "wf"}}
    put(site, "wf", {**over("Failed"), "nodes": nodes})
    (plain,) = names(site.pipeline("resubmit", "wf", "--no-wait", "-o", "name"))
    assert "status" not in live(site, plain)
    (taken,) = names(site.pipeline("resubmit", "wf", "--memoized", "--no-wait", "-o", "name"))
    assert node(site, taken, "a")["phase"] == "Skipped"


def made(site: Place, *words: str) -> Object:
    """Return the workflow that a run would create."""
    found = site.pipeline("run", *words, "--dry-run", "-o", "json")
    assert found.code == 0, found.text
    (workflow,) = json.loads(found.output)["items"]
    return dict(workflow)


def test_a_run_has_what_was_asked_for(
    site: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Parameters of the command line over those of a file, and each of its other options."""
    file = tmp_path_factory.mktemp("parameters") / "parameters.yaml"
    file.write_text("branch: [1, 2]\nlevel: 3\n")
    words = ("-f", str(file), "-p", "level=4", "--entrypoint", "other", "--priority", "7")
    more = ("--serviceaccount", "bob", "-l", "team=shop,tier=web", "--generate-name", "mine-")
    workflow = made(site, "build", *words, *more)
    assert workflow["spec"] == {
        "workflowTemplateRef": {"name": "build"},
        "arguments": {
            "parameters": [{"name": "branch", "value": "[1,2]"}, {"name": "level", "value": "4"}]
        },
        "entrypoint": "other",
        "priority": 7,
        "serviceAccountName": "bob",
    }
    assert workflow["metadata"]["name"].startswith("mine-")
    assert workflow["metadata"]["labels"].items() >= {"team": "shop", "tier": "web"}.items()
    of_file = made(site, "pipelines/build.yaml", "-p", "level=4")
    assert of_file["spec"]["workflowTemplateRef"] == {"name": "build"}
    live_one = made(site, "--from", "workflowtemplate/build", "-p", "level=1", "--name", "own")
    assert live_one["metadata"]["name"] == "own"


@pytest.mark.parametrize(
    ("content", "told"),
    [("[1]", "it is no mapping"), ("a: [", "this is no YAML"), ("level: 1\nbrunch: 2", "brunch")],
)
def test_files_of_parameters_that_hold_none_are_told(
    site: Place, tmp_path_factory: pytest.TempPathFactory, content: str, told: str
) -> None:
    """With what is wrong with them."""
    file = tmp_path_factory.mktemp("parameters") / "parameters.yaml"
    file.write_text(content)
    found = site.pipeline("run", "build", "-f", str(file), "--dry-run")
    assert (found.code, told in found.errors) == (3, True), found.text


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("run", "build"), 3, "pass -p level=VALUE"),
        (("cron", "create", "x"), 3, "change them, then `ruleengine apply`"),
        (("cron", "lint"), 3, "Did you mean 'pipeline lint'?"),
        (("template", "delete", "x"), 3, "change them, then `ruleengine apply`"),
        (("sync", "create", "x"), 3, "Did you mean 'set'?"),
        (("submit", "x"), 3, "Did you mean 'run'?"),
        (("convert", "x"), 3, "Did you mean 'lint'?"),
        (("template", "get", "cwft/x"), 3, "remedy: there is none at all\n"),
        (("template", "get", "cronworkflow/x"), 3, "is no kind of templates"),
        (("graph", "wftmpl/@latest"), 3, "there is no pipeline 'wftmpl/@latest'"),
        (("sync", "set", "ci/", "--limit", "1"), 3, "write KEY or NAMESPACE/KEY"),
        (("sync", "delete", "/licences"), 3, "no semaphore can be called '/licences'"),
        (("run", "./nowhere.yaml"), 3, "there is no file ./nowhere.yaml"),
        (("cron", "get", "nightly"), 3, "apply it: ruleengine apply"),
        (("cron", "run", "nightly"), 3, "ruleengine pipeline run nightly"),
        (("template", "get", "nightly"), 3, "there is no WorkflowTemplate 'nightly'"),
        (("archive", "list"), 3, "write `archive: {}` into ruleengine.yaml"),
        (("run", "workflowtemplat/build"), 3, "did you mean WorkflowTemplate?"),
        (("run", "pod/build"), 3, "kinds: Workflow, WorkflowTemplate"),
    ],
)
def test_what_a_newcomer_types_is_answered_with_the_next_step(
    site: Place, words: Sequence[str], code: int, told: str
) -> None:
    """What is declared and not applied yet says so."""
    found = site.pipeline(*words)
    assert (found.code, told in found.errors) == (code, True), found.text


def test_a_name_of_several_is_completed_by_its_kind(site: Place) -> None:
    """Only what can be run counts: a ConfigMap of that name is none of them."""
    head = "apiVersion: argoproj.io/v1alpha1\nmetadata: {name: twice, namespace: ci}\n"
    spec = "{entrypoint: main, templates: [{name: main, suspend: {}}]}"
    file = site.repo.root / "pipelines/twice.yaml"
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice, namespace: ci}\n"
    template = f"{head}kind: WorkflowTemplate\nspec: {spec}\n"
    cron = f"{head}kind: CronWorkflow\nspec: {{schedules: ['@daily'], workflowSpec: {spec}}}\n"
    file.write_text(f"{config}---\n{template}")
    try:
        one = made(site, "twice")
        assert one["spec"]["workflowTemplateRef"] == {"name": "twice"}
        file.write_text(f"{template}---\n{cron}")
        several = site.pipeline("run", "twice", "--dry-run")
        told = "'twice' means several: WorkflowTemplate/twice, CronWorkflow/twice"
        assert (several.code, told in several.errors) == (3, True), several.text
        assert "name one as KIND/NAME" in several.errors
        one = made(site, "cronworkflow/twice")
        assert "workflowTemplateRef" not in one["spec"]
    finally:
        file.unlink()


def test_a_pipeline_whose_file_cannot_be_read_says_where(site: Place) -> None:
    """Rather than that there is none of its name."""
    file = site.repo.root / "pipelines/broken.yaml"
    file.write_text("steps: [\n")
    try:
        found = site.pipeline("run", "broken")
        assert (found.code, "pipelines/broken.yaml:2:1" in found.errors) == (1, True), found.text
        assert site.pipeline("run", "build", "-p", "level=1", "--dry-run").code == 0
    finally:
        file.unlink()


def test_artifacts_that_were_collected_are_told_as_that(site: Place, tmp_path: Path) -> None:
    """All of the others are fetched without them; which are listed is said by a selector."""
    status = waiting("wf")
    for one in status["nodes"].values():
        one["type"] = "Pod"
        one["outputs"] = {"artifacts": [{"name": "report", "path": "/r", "deleted": True}]}
    put(site, "wf", {**status, "phase": "Succeeded"})
    listed = site.pipeline("artifact", "list", "wf", "--node-field-selector", "displayName=b")
    assert [line.split() for line in listed.output.splitlines()] == [
        ["STEP", "NAME", "PATH", "KEY"],
        ["b", "report", "/r", "deleted"],
    ]
    to = ("--to", str(tmp_path / "here"))
    assert (site.pipeline("artifact", "get", "wf", *to).code, list(tmp_path.iterdir())) == (0, [])
    gone = site.pipeline("artifact", "get", "wf", "b/report", *to)
    assert (gone.code, "was collected as garbage" in gone.errors) == (1, True)
    several = site.pipeline("artifact", "get", "wf", "report", *to)
    assert (several.code, "name one: " in several.errors) == (3, True)


def test_a_retry_deletes_the_pods_of_what_is_begun_again(site: Place) -> None:
    """Argo's controllers would take them for new ones; the pod of what is kept stays."""
    status = waiting("wf")
    targets = {}
    for one in status["nodes"].values():
        one["phase"] = "Succeeded" if one["displayName"] == "a" else "Failed"
        if one["displayName"] != "wf":
            one["type"] = "Pod"
            name = pod_name("wf", one["name"], "ask")
            targets[one["displayName"]] = Target("v1", "Pod", "ci", name)
            pod: Object = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": "ci"},
                "spec": {
                    "schedulerName": "nobody",
                    "containers": [{"name": "main", "image": "alpine"}],
                },
            }
            site.client().create(pod, "tester")
    put(site, "wf", {**status, "phase": "Failed"})
    assert site.pipeline("retry", "wf", "--no-wait").code == 0
    assert site.client().get(targets["b"]) is None
    assert site.client().get(targets["a"]) is not None
    site.client().delete(targets["a"])


def test_what_others_write_meanwhile_is_not_written_over(site: Place) -> None:
    """The change is made anew on what they wrote."""
    put(site, "wf", waiting("wf"))
    seen: list[object] = []

    def verb(value: Object) -> Object:
        seen.append(lookup(value, "metadata", "labels", "team"))
        if len(seen) == 1:
            target = Target(ARGO_API_VERSION, "Workflow", "ci", "wf")
            site.client().merge_patch(target, {"metadata": {"labels": {"team": "shop"}}}, "other")
        return {**value, "spec": {**value["spec"], "priority": len(seen)}}

    with opened(site.repo.root, ClusterChoice(state=site.state)) as found:
        changed = change(found, "wf", verb)
    assert (seen, changed["spec"]["priority"]) == ([None, "shop"], 2)
    assert live(site, "wf")["metadata"]["labels"]["team"] == "shop"


def test_whom_others_are_always_faster_than_is_told(site: Place) -> None:
    """It ends, and nothing of the change is written."""
    put(site, "wf", waiting("wf"))
    target = Target(ARGO_API_VERSION, "Workflow", "ci", "wf")
    seen: list[object] = []

    def verb(value: Object) -> Object:
        seen.append(value)
        labels = {"metadata": {"labels": {"number": str(len(seen))}}}
        site.client().merge_patch(target, labels, "other")
        return {**value, "spec": {**value["spec"], "priority": 1}}

    with (
        opened(site.repo.root, ClusterChoice(state=site.state)) as found,
        pytest.raises(FailedError, match="was changed by others again and again"),
    ):
        change(found, "wf", verb)
    assert "priority" not in live(site, "wf")["spec"]


def test_what_is_so_already_is_not_written(site: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workflow that is suspended, say, is told to be and left alone."""
    put(site, "wf", waiting("wf"))
    assert site.pipeline("suspend", "wf").code == 0
    monkeypatch.setattr(changing, "perform", None)  # nobody is there to write
    assert site.pipeline("suspend", "wf").output == "suspended wf\n"


def test_the_newest_workflow_has_a_name_of_its_own(site: Place) -> None:
    """Of those created at once the last by name; where there is none, it is said."""
    assert site.pipeline("get", "@latest").code == 3
    put(site, "one", over("Failed"))
    put(site, "two", over("Failed"))
    assert site.pipeline("get", "@latest", "-o", "name").output == "workflow/two\n"


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("Workflow", {"spec": []}, "'spec' must be a map"),
        ("Workflow", {"spec": {"arguments": {"parameters": 3}}}, "'spec.arguments.parameters'"),
        ("Workflow", {"spec": {}, "status": {"nodes": {"a": 3}}}, "'status.nodes.a'"),
        ("Workflow", {"spec": {}, "status": {"finishedAt": 5}}, "'status.finishedAt'"),
        ("CronWorkflow", {"spec": {"schedules": 3}}, "'spec.schedules' must be a list"),
        ("CronWorkflow", {"spec": CRON_SPEC, "status": {"active": 3}}, "'status.active'"),
    ],
)
def test_a_live_object_of_another_shape_is_named_by_who_stumbles_over_it(
    site: Place, kind: str, body: Object, told: str
) -> None:
    """Never a defect of ours; it can be deleted, and then all is well."""
    target = Target(ARGO_API_VERSION, kind, "ci", "odd")
    metadata = {"name": "odd", "namespace": "ci"}
    value = {"apiVersion": ARGO_API_VERSION, "kind": kind, "metadata": metadata, **body}
    site.client().create(value, "tester")
    try:
        cron = ("cron",) if kind == "CronWorkflow" else ()
        calls = (("list",), ("list", "--older", "1s"), ("get", "odd"), ("suspend", "odd"))
        found = [
            site.pipeline(*cron, *words) for words in calls if not (cron and "--older" in words)
        ]
        assert [one for one in found if told in one.errors]
        assert {one.code for one in found} <= {0, 1}
    finally:
        site.client().delete(target)


def test_templates_that_a_run_needs_are_brought_and_no_others(site: Place) -> None:
    """Those that are called by what is called, too."""
    assert site.pipeline("run", "outer", "--no-wait").code == 0
    listed = site.pipeline("template", "list", "-o", "name").output.split()
    found = {one.removeprefix("workflowtemplate/") for one in listed}
    assert found >= {"outer", "middle", "innermost"}
    assert "unasked" not in found


def create(site: Place, kind: str, name: str, spec: Object, namespace: str = "") -> Target:
    """Create an object of pipelines as somebody else does."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    head: Object = {"apiVersion": ARGO_API_VERSION, "kind": kind, "metadata": metadata}
    value = {**head, "spec": spec}
    site.client().create(value, "tester")
    return Target.of(value)


def test_schedules_and_templates_are_listed_where_it_is_said(site: Place) -> None:
    """In one namespace, or in all; what has no namespace is named with its kind."""
    made = [
        create(site, "CronWorkflow", "daily", CRON_SPEC, "other"),
        create(site, "WorkflowTemplate", "theirs", SPEC, "other"),
        create(site, "ClusterWorkflowTemplate", "shared", SPEC),
    ]
    try:
        for group, name in (
            ("cron", "cronworkflow/daily"),
            ("template", "workflowtemplate/theirs"),
        ):
            own, every = (
                site.pipeline(group, "list", *words, "-o", "name").output.split()
                for words in ((), ("-A",))
            )
            assert (name in own, name in every) == (False, True)
            assert name in site.pipeline(group, "list", "-n", "other", "-o", "name").output.split()
        shown = site.pipeline("template", "get", "clusterworkflowtemplate/shared").output
        assert shown.startswith("Kind:       ClusterWorkflowTemplate\nNamespace:  -\n")
        assert site.pipeline("template", "get", "shared").code == 3
    finally:
        for one in made:
            site.client().delete(one)


def test_what_runs_again_has_the_parameters_that_are_passed(site: Place) -> None:
    """A workflow that is resubmitted, and a schedule that is run by hand."""
    assert site.pipeline("run", "build", "-p", "level=x", "--no-wait", "--name", "wf").code == 0
    again = site.pipeline("resubmit", "wf", "-p", "level=y", "--no-wait", "-o", "json")
    (value,) = json.loads(again.output)["items"]
    assert {"name": "level", "value": "y"} in value["spec"]["arguments"]["parameters"]
    spec = {**SPEC, "arguments": {"parameters": [{"name": "level", "value": "x"}]}}
    cron = create(site, "CronWorkflow", "daily", {**CRON_SPEC, "workflowSpec": spec}, "ci")
    try:
        run = site.pipeline("cron", "run", "daily", "-p", "level=y", "--no-wait", "-o", "json")
    finally:
        site.client().delete(cron)
    (value,) = json.loads(run.output)["items"]
    assert value["spec"]["arguments"]["parameters"] == [{"name": "level", "value": "y"}]


def test_a_graph_of_what_runs_shows_how_far_it_is(site: Place) -> None:
    """By its name, by its kind, or as the newest."""
    put(site, "wf", waiting("wf"))
    drawn = {site.pipeline("graph", one).output for one in ("wf", "workflow/wf", "@latest")}
    assert len(drawn) == 1
    assert "Running" in drawn.pop()


def test_files_are_checked_as_they_are_named(site: Place) -> None:
    """Without a name all of the folder, and in every format."""
    file = site.repo.root / "pipelines/odd.yaml"
    file.write_text("step: []\n")
    try:
        assert call(site.repo.root, "pipeline", "lint").code == 1
        assert call(site.repo.root, "pipeline", "lint", "pipelines/build.yaml").code == 0
        found = call(site.repo.root, "pipeline", "lint", "pipelines/odd.yaml", "-o", "sarif")
    finally:
        file.unlink()
    (run,) = json.loads(found.output)["runs"]
    (place,) = {
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]
    }
    assert (found.code, place) == (1, "pipelines/odd.yaml")


@pytest.mark.parametrize("command", ["wait", "watch"])
def test_on_a_cluster_that_was_named_others_drive_unless_it_is_said(
    site: Place, command: str
) -> None:
    """Who only follows says that; with ``--drive`` it comes to its end."""
    put(site, "wf", waiting("wf"), labels={ENGINE: "native"})
    assert site.pipeline("resume", "wf", "-p", "verdict=yes").code == 0
    named = ("--kubeconfig", str(site.running().kubeconfig))
    late = site.pipeline("wait", "wf", *named, "--timeout", "300ms")
    assert (late.code, "not over yet, it waits for who drives it" in late.errors) == (1, True)
    with driven(site):
        late = site.pipeline("wait", "wf", *named, "--timeout", "300ms")
        assert (late.code, "not over yet, others drive it on" in late.errors) == (1, True)
    child = site.spawn("pipeline", command, "wf", *named, "--drive")
    try:
        assert child.wait(timeout=60) == 0
    finally:
        end(child)
    assert live(site, "wf")["status"]["phase"] == "Succeeded"
