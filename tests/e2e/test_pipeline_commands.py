"""The ``pipeline`` commands for real: one control plane, steps that are processes."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from ruleengine.app.crds import crd_actions
from ruleengine.cli.main import root
from ruleengine.cluster.client import Client
from ruleengine.formats import yaml_reader
from ruleengine.model.actions import Target
from ruleengine.model.data import data_folder
from ruleengine.model.names import ARGO_API_VERSION, CONTROL_NAMESPACE
from tests.cli.test_commands import check_schema
from tests.e2e.command_line import Result, call
from tests.e2e.process_kit import Place, end, place, wait_for
from tests.local.sandboxes import require_sandbox

ASK = """\
parameters: {who: world, level: low}
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: hello, template: say}
    - {name: approve, template: ask, dependencies: [hello]}
    - {name: check, template: check, dependencies: [approve]}
- name: say
  container: {image: alpine, command: [sh, -c, "echo hello {{workflow.parameters.who}}"]}
- name: ask
  suspend: {}
  outputs: {parameters: [{name: verdict, valueFrom: {supplied: {}}}]}
- name: check
  container: {image: alpine, command: [sh, -c, "test {{workflow.parameters.level}} = high"]}
"""
SLOW = """\
entrypoint: main
templates:
- name: main
  container: {image: alpine, command: [sleep, "600"]}
"""
FAILING = """\
parameters: {level: low}
entrypoint: main
templates:
- name: main
  steps:
  - - {name: good, template: say}
  - - {name: check, template: check}
- name: say
  container: {image: alpine, command: [echo, hello]}
- name: check
  container: {image: alpine, command: [sh, -c, "test {{workflow.parameters.level}} = high"]}
"""
KEEPING = """\
entrypoint: main
templates:
- name: main
  steps:
  - - {name: make, template: make}
- name: make
  container:
    image: alpine
    command: [sh, -c, "mkdir /out; echo one > /out/a; echo two > /tmp/b"]
  outputs:
    artifacts:
    - {name: folder, path: /out}
    - {name: plain, path: /tmp/b, archive: {none: {}}}
"""
NOWHERE = Path("/proc/nowhere")
"""Where nobody can write."""

KEPT_LOG = """\
entrypoint: main
archiveLogs: true
podGC: {strategy: OnPodCompletion}
templates:
- name: main
  container: {image: alpine, command: [sh, -c, "echo one; echo two"]}
"""
NIGHTLY = """\
schedules: ["30 2 * * *"]
steps:
- {name: report, image: alpine, run: echo report}
"""
LICENSED = """\
entrypoint: main
templates:
- name: main
  steps:
  - - {name: work, template: licensed, withSequence: {count: 2}}
- name: licensed
  synchronization: {semaphores: [{database: {key: licences}}]}
  container: {image: alpine, command: [sh, -c, "sleep 1.1"]}
"""
PLAIN = """\
entrypoint: main
templates:
- name: main
  container: {image: alpine, command: [echo, plain]}
"""
COLLECTED = """\
entrypoint: main
ttlStrategy: {secondsAfterCompletion: 0}
templates:
- name: main
  steps:
  - - {name: check, template: check}
- name: check
  container: {image: alpine, command: [sh, -c, "exit {{workflow.parameters.code}}"]}
parameters: {code: null}
"""
FILES = {
    "ruleengine.yaml": "namespace: ci\narchive: {ttl: 30d}\n"
    "nodeStatus: {largest: 2000, offload: true}\n",
    "pipelines/ask.yaml": ASK,
    "pipelines/slow.yaml": SLOW,
    "pipelines/kept-log.yaml": KEPT_LOG,
    "pipelines/keeps.yaml": KEEPING,
    "pipelines/archived.yaml": FAILING,
    "pipelines/nightly.yaml": NIGHTLY,
    "pipelines/licensed.yaml": LICENSED,
    "pipelines/collected.yaml": COLLECTED,
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Return a config repo and its control plane; skip where there is no sandbox."""
    require_sandbox()
    with place(tmp_path_factory.mktemp("commands"), FILES) as made:
        made.start()
        yield made


def phases(result: Result) -> dict[str, str]:
    """Return the phases of the nodes of the one workflow that a command printed."""
    (workflow,) = json.loads(result.output)["items"]
    return {one["displayName"]: one["phase"] for one in workflow["status"]["nodes"].values()}


def test_a_pipeline_from_its_run_over_an_approval_to_a_retry(site: Place) -> None:
    """It waits for a person, fails, and goes on where it failed; what succeeded is kept."""
    begun = site.pipeline("run", "ask", "-p", "who=moon", "--name", "asked", "--log")
    assert begun.code == 0, begun.text
    assert "hello: hello moon" in begun.output
    assert "asked is waiting to be resumed: approve" in begun.errors
    refused = site.pipeline("resume", "asked")
    assert (refused.code, "has not been set" in refused.errors) == (1, True)
    selector = "displayName=approve"
    words = ("resume", "asked", "--node-field-selector", selector, "-p", "verdict=yes")
    assert site.pipeline(*words).output == "resumed asked\n"
    ended = site.pipeline("wait", "asked")
    assert ended.code == 1
    assert "check Failed" in ended.output
    retried = site.pipeline("retry", "asked", "-p", "level=high", "-o", "json")
    assert retried.code == 0, retried.errors
    assert set(phases(retried).values()) == {"Succeeded"}
    over = site.pipeline("wait", "asked", "--timeout", "0s")
    assert (over.code, "not over yet" in over.errors) == (0, False)
    assert site.pipeline("logs", "asked", "hello").output == "hello: hello moon\n"
    again = site.pipeline("resubmit", "asked", "--no-wait", "-o", "name")
    name = again.output.strip().removeprefix("workflow/")
    assert name.startswith("asked-")
    assert site.pipeline("terminate", name).code == 0
    assert site.pipeline("wait", name).code == 1
    listed = site.pipeline("list", "--status", "Failed", "-o", "name")
    assert listed.output == f"workflow/{name}\n"
    assert site.pipeline("delete", name).code == 0
    assert "asked" in site.pipeline("list").output
    live = site.client().get(Target(ARGO_API_VERSION, "Workflow", "ci", "asked"))
    assert live is not None
    assert "nodes" not in live["status"]  # and yet everything above has read them
    assert site.pipeline("get", "@latest", "-o", "wide").output.startswith("Name:       asked\n")


def test_ctrl_c_leaves_the_workflow_to_the_next_who_drives(site: Place) -> None:
    """130, how to go on, and no lease that somebody has to wait for."""
    child = site.spawn("pipeline", "run", "slow", "--name", "slow-1", errors=subprocess.PIPE)
    try:
        assert wait_for(lambda: "Running" in site.pipeline("list").output)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=30)
    finally:
        end(child)
    assert child.returncode == 130
    assert b"pipeline watch slow-1" in errors
    client = site.client()
    leases = client.list("coordination.k8s.io/v1", "Lease", namespace=CONTROL_NAMESPACE).items
    assert [one["metadata"]["name"] for one in leases if one["spec"].get("holderIdentity")] == []
    assert leases
    assert site.pipeline("stop", "slow-1").code == 0
    assert site.pipeline("wait", "slow-1").code == 1
    assert site.pipeline("stop", "slow-1").code == 1


def spans_of(site: Place, workflow: str) -> list[tuple[str, str]]:
    """Return from when to when the pods of a workflow ran."""
    label = f"workflows.argoproj.io/workflow={workflow}"
    pods = site.client().list("v1", "Pod", namespace="ci", label_selector=label).items
    states = [one["status"]["containerStatuses"][0]["state"]["terminated"] for one in pods]
    return [(one["startedAt"], one["finishedAt"]) for one in states]


def test_locks_of_the_database_are_listed_limited_and_given_back(site: Place) -> None:
    """Without a limit the node says what to do; with one they take turns."""
    lacking = site.pipeline("run", "licensed", "--name", "unlicensed", "-o", "json")
    assert lacking.code == 1
    assert "ruleengine pipeline sync set ci/licences" in lacking.output
    assert site.pipeline("sync", "list").output == "none\n"
    told = site.pipeline("sync", "set", "licences", "--limit", "1")
    assert told.output == "ci/licences may be held by 1\n"
    ended = site.pipeline("run", "licensed", "--name", "licensed-1", "-o", "json")
    assert ended.code == 0, ended.text
    first, second = sorted(spans_of(site, "licensed-1"))
    assert first[1] <= second[0]
    listed = site.pipeline("sync", "list", "-o", "json")
    found = json.loads(listed.output)
    check_schema(found, data_folder("schemas") / "output" / "locks.json")
    assert (found["limits"], found["entries"]) == ([{"name": "ci/licences", "limit": 1}], [])
    assert "ci/licences  1" in site.pipeline("sync", "list").output
    assert site.pipeline("sync", "delete", "licences").code == 0
    unknown = site.pipeline("sync", "delete", "licences")
    assert (unknown.code, "has no limit" in unknown.errors) == (3, True)


def test_what_was_deleted_is_in_the_archive_and_goes_on_from_there(site: Place) -> None:
    """Listed by its labels; a retry creates it again, with what succeeded kept."""
    run = site.pipeline("run", "archived", "--name", "kept", "-l", "team=shop")
    assert run.code == 1, run.text
    assert site.pipeline("delete", "kept").code == 0
    listed = site.pipeline("archive", "list", "-l", "team=shop", "-o", "name")
    assert listed.output == "workflow/kept\n"
    assert "Status:    Failed" in site.pipeline("archive", "get", "kept").output
    for verb in ("get", "delete"):
        assert completions(site, "pipeline", "archive", verb, "ke") == ["kept"]
    retried = site.pipeline("archive", "retry", "kept", "-p", "level=high", "-o", "json")
    assert retried.code == 0, retried.text
    assert set(phases(retried).values()) == {"Succeeded"}
    assert "good" not in site.pipeline("logs", "kept", "check").output
    again = site.pipeline("archive", "resubmit", "kept", "-p", "level=high")
    assert again.code == 0, again.text
    assert site.pipeline("archive", "delete", "kept").output == "forgot kept\n"
    unknown = site.pipeline("archive", "get", "kepd")
    assert (unknown.code, "did you mean kept?" in unknown.errors) == (3, True)


def test_a_workflow_that_a_finalizer_keeps_is_not_said_to_be_gone(site: Place) -> None:
    """It is on its way, with what it waits for; the next command says the same."""
    made = site.pipeline("run", "ask", "--name", "held", "--no-wait", "-o", "json")
    assert made.code == 0, made.text
    held = Target(ARGO_API_VERSION, "Workflow", "ci", "held")
    client, foreign = site.client(), "example.com/books"
    for kept in ([foreign, "workflows.argoproj.io/artifact-gc"], [foreign]):
        client.merge_patch(held, {"metadata": {"finalizers": kept}}, "tester")
        said = site.pipeline("delete", "held")
        assert said.output == f"deleting held: it goes once {', '.join(kept)} is taken away\n"
        assert ("artifacts of held are deleted first" in said.errors) is (len(kept) > 1)
    (going,) = json.loads(site.pipeline("delete", "held", "-o", "json").output)["items"]
    assert "deletionTimestamp" in going["metadata"]
    client.merge_patch(held, {"metadata": {"finalizers": None}}, "tester")
    assert client.get(held) is None
    assert site.pipeline("run", "ask", "--name", "held", "--no-wait").code == 0
    assert site.pipeline("delete", "held").output == "deleted held\n"


def test_artifacts_are_listed_and_fetched_from_their_store(site: Place, tmp_path: Path) -> None:
    """Unpacked; nothing that is there is written over."""
    assert site.pipeline("run", "keeps", "--name", "keeps-1").code == 0
    listed = json.loads(site.pipeline("artifact", "list", "keeps-1", "-o", "json").output)
    check_schema(listed, data_folder("schemas") / "output/artifacts.json")
    assert [(one["step"], one["name"]) for one in listed["artifacts"]] == [
        ("make", "folder"),
        ("make", "plain"),
    ]
    assert completions(site, "pipeline", "logs", "keeps-1", "") == ["make"]
    offered = completions(site, "pipeline", "artifact", "get", "keeps-1", "")
    assert offered == ["folder", "make/folder", "make/plain", "plain"]
    assert completions(site, "pipeline", "artifact", "get", "keeps-none", "") == []
    to = ("--to", str(tmp_path / "all"))
    assert site.pipeline("artifact", "get", "keeps-1", *to).code == 0
    assert (tmp_path / "all/make/folder/a").read_text() == "one\n"
    assert (tmp_path / "all/make/plain").read_text() == "two\n"
    shutil.rmtree(tmp_path / "all/make/folder")
    taken = site.pipeline("artifact", "get", "keeps-1", *to)
    assert (taken.code, "all/make/plain is there already" in taken.errors) == (3, True)
    assert not (tmp_path / "all/make/folder").exists()  # nothing is fetched by half
    one = ("artifact", "get", "keeps-1", "make/plain", "--to", str(tmp_path / "b"))
    assert site.pipeline(*one).code == 0
    again = site.pipeline(*one)
    assert (again.code, "is there already" in again.errors) == (3, True)
    for nobody, why in ((tmp_path / "b/below", "Not a directory"), (NOWHERE, "No such file")):
        refused = site.pipeline("artifact", "get", "keeps-1", "plain", "--to", str(nobody))
        assert refused.code == 3
        assert f"{nobody} cannot be written: {why}" in refused.errors
    assert (tmp_path / "b").read_text() == "two\n"
    unknown = site.pipeline("artifact", "get", "keeps-1", "plan")
    assert (unknown.code, "did you mean plain?" in unknown.errors) == (3, True)


def test_the_log_of_a_pod_that_is_gone_is_read_where_it_was_kept(site: Place) -> None:
    """By `archiveLogs`; without that it says so."""
    assert site.pipeline("run", "kept-log", "--name", "kept-log-1").code == 0
    pods = {"namespace": "ci", "label_selector": "workflows.argoproj.io/workflow=kept-log-1"}
    assert wait_for(lambda: not site.client().list("v1", "Pod", **pods).items)
    found = site.pipeline("logs", "kept-log-1", "--grep", "two")
    assert (found.code, found.output) == (0, "kept-log-1: two\n")
    assert site.pipeline("run", "keeps", "--name", "lost-log-1").code == 0
    pods = {**pods, "label_selector": "workflows.argoproj.io/workflow=lost-log-1"}
    (pod,) = site.client().list("v1", "Pod", **pods).items
    site.client().delete(Target.of(pod))
    assert wait_for(lambda: site.client().get(Target.of(pod)) is None)
    lost = site.pipeline("logs", "lost-log-1")
    assert (lost.code, "archiveLogs: true keeps logs" in lost.errors) == (1, True)


def knowing(site: Place) -> Client:
    """Return a client of a control plane that knows the kinds of pipelines, and their namespace."""
    client = site.client()
    for action in crd_actions():
        client.apply(action.object or {}, "ruleengine")
    assert wait_for(lambda: client.discover(again=True).find(ARGO_API_VERSION, "WorkflowTemplate"))
    client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ci"}}, "tester")
    return client


def test_schedules_and_templates_are_listed_run_and_made_up_for(
    site: Place, tmp_path: Path
) -> None:
    """As they are on the cluster; a time that ran is not run again."""
    assert site.call("apply").code == 0
    assert "30 2 * * *" in site.pipeline("cron", "list").output
    head, row = site.pipeline("cron", "list", "-A").output.splitlines()
    assert (head.split()[:2], row.split()[:2]) == (["NAMESPACE", "NAME"], ["ci", "nightly"])
    assert site.pipeline("cron", "suspend", "nightly").output == "suspended nightly\n"
    assert "Suspended:  yes" in site.pipeline("cron", "get", "nightly").output
    assert site.pipeline("cron", "resume", "nightly").code == 0
    days = ("--start", "2026-11-20", "--end", "2026-11-22")
    first = site.pipeline("cron", "backfill", "nightly", *days)
    assert first.code == 0, first.text
    assert first.output.startswith("created 2; 0 of these times had run already\n")
    second = site.pipeline("cron", "backfill", "nightly", *days, "-o", "wide")
    assert second.output == "created 0; 2 of these times had run already\n"
    now = site.pipeline("cron", "backfill", "nightly", "--start", "2000-01-01")
    assert (now.code, "choose a shorter time" in now.errors) == (3, True)
    assert "ask" in site.pipeline("template", "list", "-o", "name").output
    assert "Parameter:  who=world" in site.pipeline("template", "get", "ask").output
    for group, name, meant in (("cron", "nightli", "nightly"), ("template", "asq", "ask")):
        near = site.pipeline(group, "get", name)
        assert (near.code, f"did you mean {meant}?" in near.errors) == (3, True)
    file = tmp_path / "hello.yaml"
    file.write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: hi-}\n"
        "spec:\n  entrypoint: a\n  templates:\n  - name: a\n"
        "    container: {image: alpine, command: [echo, hi]}\n"
    )
    assert site.pipeline("run", str(file)).code == 0


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("run", "asj"), 3, "did you mean ask?"),
        (("run", "ask", "-p", "whoo=x"), 3, "did you mean who?"),
        (("run", "ask", "-p", "who"), 3, "write NAME=VALUE"),
        (("run",), 3, "name a pipeline or a file"),
        (("run", "pipelines/asj.yaml"), 3, "there is no file pipelines/asj.yaml"),
        (("run", "ask", "--name", "Bad_Name"), 3, "is no name of a workflow"),
        (("list", "-l", "((("), 3, "'(((' selects no labels"),
        (("delete", "-l", "a b"), 3, "'a b' selects no labels"),
        (("archive", "list", "-l", "a=b=c"), 3, "'a=b=c' selects no labels"),
        (("run", "ask", "-n", "elsewhere"), 3, "is of the namespace ci, not of elsewhere"),
        (("run", "--from", "ask"), 3, "write KIND/NAME"),
        (("run", "--from", "cronworkflow/"), 3, "there is no CronWorkflow ''"),
        (("run", "workflowtemplate/"), 3, "there is no pipeline 'workflowtemplate/'"),
        (("graph", ""), 3, "nothing is named"),
        (("graph", "x" * 300), 3, "there is no pipeline 'xxx"),
        (("run", f"{'x' * 300}.yaml"), 3, "there is no pipeline 'xxx"),
        (("get", ""), 3, "there is no Workflow ''"),
        (("run", "--from", "deployment/ask"), 3, "kinds: Workflow"),
        (("run", "ask", "--entrypoint", "mian"), 3, "did you mean main?"),
        (("get", "nothing"), 3, "there is no Workflow 'nothing'"),
        (("list", "--status", "Broken"), 3, "there is no phase 'Broken'"),
        (("resume", "x", "--node-field-selector", "colour=red"), 3, "known: displayName"),
        (("logs", "x", "--grep", "("), 3, "is no pattern"),
        (("delete",), 3, "name workflows"),
        (("delete", "x", "--all"), 3, "name workflows"),
        (("node", "set", "x"), 3, "say what to set"),
        (("cron", "backfill", "nightly", "--start", "yesterday"), 3, "is no time"),
    ],
)
def test_what_cannot_be_meant_creates_nothing_and_says_what_is_near(
    site: Place, words: tuple[str, ...], code: int, text: str
) -> None:
    """Exit code 3 for names, parameters and options that are wrong."""
    result = site.pipeline(*words)
    assert (result.code, text in result.errors) == (code, True), result.text


def test_a_run_of_an_unchanged_pipeline_loads_only_what_it_needs(tmp_path: Path) -> None:
    """Who waits for the first step waits for no library that this run does not use."""
    require_sandbox()
    heavy = ("jinja2", "jsonschema_rs", "pygit2", "re2", "yaml", "ruleengine.expressions.expr")
    words = f"pipeline run plain -o name --state {tmp_path / 'state'}"
    code = (
        "import sys\n"
        "from ruleengine.cli.exits import run\n"
        "from ruleengine.cli.main import root\n"
        f"sys.argv = ['ruleengine', *{words!r}.split()]\n"
        "code = run(root)\n"
        f"print(code, [one for one in {heavy!r} if one in sys.modules], file=sys.stderr)\n"
    )
    files = {"ruleengine.yaml": "namespace: ci\n", "pipelines/plain.yaml": PLAIN}
    with place(tmp_path, files) as made:
        made.start()
        command, root_folder = [sys.executable, "-c", code], made.repo.root
        told = [
            subprocess.run(command, cwd=root_folder, capture_output=True, text=True, check=False)
            for _ in range(2)
        ]
    assert told[0].stderr.startswith("0 ['jsonschema_rs'")
    assert told[1].stderr == "0 []\n"


SPEC = "spec: {entrypoint: mian, templates: [{name: main, container: {image: a}}]}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("metadata: hello\nspec: 3\n", "'metadata' must be a map"),
        ("metadata: {generateName: x-}\nspec: {entrypoint: a, templates: [3]}\n", "templates[0]"),
        (
            "metadata: {generateName: x-}\nspec: {entrypoint: a, arguments: {parameters: 3}}\n",
            "'spec.arguments.parameters' must be a list",
        ),
        ("metadata: {generateName: x-}\nspec: {entripoint: a}\n", "entripoint"),
        ("metadata: [", "this is no YAML"),
        (f"metadata: {{generateName: x-}}\n{SPEC}", "has no template mian to begin with"),
    ],
)
def test_a_file_outside_the_repo_is_checked_before_it_is_run(
    site: Place, tmp_path: Path, text: str, told: str
) -> None:
    """With the line that is wrong; nothing is created."""
    file = tmp_path / "odd.yaml"
    file.write_text(f"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n{text}")
    before = site.pipeline("list", "-o", "name").output
    found = site.pipeline("run", str(file))
    assert found.code == 1, found.text
    assert f"{file}:" in found.errors
    assert told in found.errors
    assert site.pipeline("list", "-o", "name").output == before


@pytest.mark.parametrize(
    ("change", "options", "code"),
    [
        (("", ""), (), 1),
        (("", ""), ("--entrypoint", "main"), 0),
        (("mian", "main"), (), 0),
        ((SPEC, "spec: {workflowTemplateRef: {name: live}}"), (), 0),
    ],
)
def test_a_file_outside_the_repo_is_refused_for_what_it_cannot_become_right_by(
    site: Place, tmp_path: Path, change: tuple[str, str], options: tuple[str, ...], code: int
) -> None:
    """What it names may be on the cluster, and another entrypoint may be asked for."""
    metadata = {"name": "live", "namespace": "ci"}
    templates = [{"name": "main", "container": {"image": "a"}}]
    live = {"apiVersion": ARGO_API_VERSION, "kind": "WorkflowTemplate", "metadata": metadata}
    client = knowing(site)
    client.create({**live, "spec": {"entrypoint": "main", "templates": templates}}, "tester")
    file = tmp_path / "odd.yaml"
    text = f"metadata: {{generateName: x-}}\n{SPEC}".replace(*change)
    file.write_text(f"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n{text}")
    found = site.pipeline("run", str(file), "--dry-run", *options)
    assert found.code == code, found.text
    client.delete(Target.of({**live, "spec": {}}))


@pytest.mark.parametrize("is_in_repo", [True, False])
def test_the_standard_input_is_checked_like_a_file(
    site: Place, tmp_path: Path, *, is_in_repo: bool
) -> None:
    """It is called <stdin>; what it refers to is looked up in the repo."""
    command = [sys.executable, "-m", "ruleengine", "pipeline", "lint", "-"]
    begin = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: x-}\n"
    folder = site.repo.root if is_in_repo else tmp_path

    def lint(text: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, cwd=folder, input=text, capture_output=True, text=True, check=False
        )

    found = lint(begin + SPEC)
    assert found.returncode == 1, found.stderr
    assert "<stdin>:4:20 error reference-target-missing: this Workflow has no" in found.stdout
    assert "    4 | spec: {entrypoint: mian" in found.stdout
    found = lint(begin + "spec: {workflowTemplateRef: {name: nowhere}}\n")
    assert found.returncode == is_in_repo, found.stdout
    found = lint(begin + SPEC.replace("mian", "main"))
    assert (found.returncode, "1 document in 1 file" in found.stdout) == (0, True), found.stdout
    assert not (folder / "<stdin>").exists()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ([], "'spec' must be a map"),
        ({"entrypoint": "a", "templates": 3}, "'spec.templates' must be a list"),
        ({"entrypoint": "a", "templates": [3]}, "'spec.templates[0]' must be a map"),
        (
            {"entrypoint": "a", "templates": [], "arguments": {"parameters": [{}]}},
            "'spec.arguments.parameters[0]' lacks the field 'name'",
        ),
    ],
)
def test_a_live_template_of_another_shape_is_refused_and_listed_all_the_same(
    site: Place, spec: object, told: str
) -> None:
    """Whoever wrote it did so past all checks; the place in it that is wrong is named."""
    metadata = {"name": "odd", "namespace": "ci"}
    value = {"apiVersion": ARGO_API_VERSION, "kind": "WorkflowTemplate", "metadata": metadata}
    client = knowing(site)
    client.create({**value, "spec": spec}, "tester")
    try:
        for words in (("run", "--from", "wftmpl/odd"), ("run", "odd"), ("graph", "wftmpl/odd")):
            found = site.pipeline(*words)
            assert (found.code, told in found.errors) == (1, True), found.text
            assert "WorkflowTemplate/odd, as it is live" in found.errors
        assert "odd" in site.pipeline("template", "list").output
        assert site.pipeline("template", "get", "odd").code == 0
    finally:
        client.delete(Target(ARGO_API_VERSION, "WorkflowTemplate", "ci", "odd"))


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("list",), {"Workflow"}),
        (("template", "list"), {"WorkflowTemplate"}),
        (("cron", "list"), {"CronWorkflow"}),
        (("archive", "list"), {"Workflow"}),
        (("list", "--prefix", "zzz"), set()),
    ],
)
def test_what_is_listed_is_data_as_well(
    site: Place, words: tuple[str, ...], kinds: set[str]
) -> None:
    """By one schema, in JSON and in YAML."""
    assert site.call("apply").code == 0
    assert site.pipeline("run", "archived").code == 1
    found = json.loads(site.pipeline(*words, "-o", "json").output)
    check_schema(found, data_folder("schemas") / "output/objects.json")
    assert {one["kind"] for one in found["items"]} == kinds
    (same,) = yaml_reader.read(site.pipeline(*words, "-o", "yaml").output.encode(), "").documents
    assert same.value == found


def test_graphs_and_dry_runs_need_nothing_that_runs(site: Place) -> None:
    """Of what the repo declares."""
    assert 'n1["hello"]' in site.pipeline("graph", "ask").output
    assert site.pipeline("graph", "ask", "-o", "dot").output.startswith("digraph")
    dry = site.pipeline("run", "ask", "--dry-run", "--name", "dry")
    assert "name: dry" in dry.output
    assert "dry" not in site.pipeline("list").output
    assert call(site.repo.root, "pipeline", "lint").code == 0


def test_a_workflow_that_is_deleted_while_it_is_followed_is_told(site: Place) -> None:
    """1, for it came to no good end."""
    child = site.spawn("pipeline", "run", "slow", "--name", "slow-2", errors=subprocess.PIPE)
    try:
        running = ("list", "--prefix", "slow-2", "--status", "Running", "-o", "name")
        assert wait_for(lambda: site.pipeline(*running).output == "workflow/slow-2\n")
        assert site.pipeline("delete", "slow-2").code == 0
        _, errors = child.communicate(timeout=30)
    finally:
        end(child)
    assert (child.returncode, b"slow-2 was deleted before its end" in errors) == (1, True)


@pytest.mark.parametrize(("given", "phase", "code"), [("0", "Succeeded", 0), ("1", "Failed", 1)])
def test_a_workflow_that_is_collected_at_its_end_had_that_end(
    site: Place, given: str, phase: str, code: int
) -> None:
    """By `ttlStrategy`: it is shown as it was, and the exit code is that of its end."""
    found = site.pipeline("run", "collected", "-p", f"code={given}", "--name", f"brief-{given}")
    assert (found.code, found.errors) == (code, "")
    assert f"Status:     {phase}\n" in found.output
    assert site.pipeline("get", f"brief-{given}").code == 3


def completions(site: Place, *words: str) -> list[str]:
    """Return what the shell offers for the last of some words."""
    shell = ShellComplete(root, {}, "ruleengine", "_RULEENGINE_COMPLETE")
    before = list(words[:-1])
    if len(words) > 2:
        place = len(before) - before[-1].startswith("--")  # an option is followed by its value
        before[place:place] = ["--state", str(site.state)]
    with contextlib.chdir(site.repo.root):
        return [one.value for one in shell.get_completions(before, words[-1])]


def test_shells_complete_names(site: Place, tmp_path: Path) -> None:
    """Of the repo, and of what is live; nothing is started for it, and nothing fails."""
    assert completions(site, "pipeline", "run", "as") == ["ask"]
    assert site.pipeline("run", "nightly", "--no-wait", "--name", "done-1").code == 0
    assert completions(site, "pipeline", "get", "done-") == ["done-1"]
    assert completions(site, "pipeline", "graph", "done-") == ["done-1"]
    assert "ask" in completions(site, "pipeline", "graph", "as")
    assert completions(site, "pipeline", "get", "@") == ["@latest"]
    assert completions(site, "pipeline", "list", "--status", "Failed,R") == ["Failed,Running"]
    assert completions(site, "pipeline", "node", "set", "x", "--phase", "Sk") == ["Skipped"]
    assert completions(site, "pipeline", "run", "--from", "cr") == ["cronworkflow/"]
    assert completions(site, "pipeline", "run", "--from", "workflow/done-") == ["workflow/done-1"]
    assert completions(site, "pipeline", "run", "--from", "pod/") == []
    shell = ShellComplete(root, {}, "ruleengine", "_RULEENGINE_COMPLETE")
    with contextlib.chdir(tmp_path):
        assert shell.get_completions(["pipeline", "run"], "a") == []
        assert shell.get_completions(["pipeline", "get"], "a") == []


def test_with_handover_argos_controllers_run_it(tmp_path: Path) -> None:
    """Where they are installed; the command says who acts, and does not drive."""
    files = {
        "ruleengine.yaml": "engine: handover\nrepo: https://example.com/r.git\nnamespace: ci\n",
        "pipelines/slow.yaml": SLOW,
    }
    with place(tmp_path, files) as made:
        made.start()
        missing = made.pipeline("run", "slow", "--no-wait")
        assert (missing.code, "install Argo Workflows" in missing.errors) == (1, True)
        for action in crd_actions():
            made.client().apply(action.object or {}, "argo")
        assert wait_for(
            lambda: (
                made.client().discover(again=True).find(ARGO_API_VERSION, "Workflow") is not None
            )
        )
        found = made.pipeline("run", "slow", "--no-wait", "--name", "theirs")
        assert (found.code, "Argo's controllers run it" in found.errors) == (0, True)
        live = made.client().get(Target(ARGO_API_VERSION, "Workflow", "ci", "theirs"))
        assert live is not None
        assert "status" not in live
