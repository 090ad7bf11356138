"""Simulating: a repo over virtual time, without a cluster, a process or a write outside."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ruleengine.app.pod_faults import PodFault, parse_fault
from ruleengine.app.pod_outcomes import PodOutcome, parse_outcome
from ruleengine.app.simulating import Simulated, Simulation, simulate
from ruleengine.app.timeline import What
from ruleengine.app.user_acts import UserAct, parse_act
from ruleengine.model.errors import FailedError, UsageError
from tests.app.kit import SHOP
from tests.app.test_rollouts import ROLLOUT
from tests.validation.config_repos import Repo, make_repo

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
CRON = """\
schedules: ["0 * * * *"]
steps:
- {name: build, image: "example.com/build:1", run: make}
- {name: test, image: "example.com/test:1", run: make test, needs: [build]}
"""
TRIGGER = """\
on:
  push: {webhook: {port: "12000", endpoint: /push, method: POST}}
do:
- pipeline: build
"""


def rollout(version: int) -> str:
    """Return the file of a Rollout whose canary pauses for ten seconds, then for a person."""
    steps = "    - pause: {}\n"
    text = ROLLOUT.format(version=version)
    return text.replace(steps, "    - pause: {duration: 10s}\n    - setWeight: 50\n" + steps)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Return a config repo with an application and a rollout, both in staging."""
    return make_repo(tmp_path, {**SHOP, "rollouts/staging/front.yaml": rollout(1)})


def run(repo: Repo, **asked: object) -> Simulation:
    """Simulate a repo from the same moment each time."""
    return simulate(repo.root, Simulated(start=START, **asked))


def told(simulation: Simulation, name: str = "") -> list[str]:
    """Return what happened to an object, with the seconds at which it did."""
    return [
        f"+{one.at.total_seconds():.0f}s {one.text}"
        for one in simulation.moments
        if not name or (one.target is not None and one.target.name.startswith(name))
    ]


def test_a_repo_settles_in_virtual_time_and_leaves_no_trace(repo: Repo) -> None:
    """The application is synced and its pods get ready, a second later than they were made."""
    before = {one.name for one in repo.root.iterdir()}
    simulation = run(repo)
    assert not simulation.failed
    assert simulation.at_rest
    lines = told(simulation, "web-staging")
    assert lines[0] == "+0s created"
    assert lines[-1].startswith("+1s Synced, Healthy, Succeeded")
    assert {one.name for one in repo.root.iterdir()} - before <= {".ruleengine"}
    assert not (repo.root / ".ruleengine" / "server.json").exists()


def test_the_same_seed_and_start_give_the_same_time_line(repo: Repo) -> None:
    """Word for word; so it can be shown to somebody else."""
    assert run(repo).moments == run(repo).moments


def test_a_release_is_simulated_from_where_another_revision_leads(repo: Repo) -> None:
    """A quarter, ten seconds, a half, and then it waits for a person."""
    repo.write({"rollouts/staging/front.yaml": rollout(2)})
    simulation = run(repo, since="HEAD", about="rollout/front")
    assert {one.target.name.partition("-")[0] for one in simulation.moments} == {"front"}
    lines = told(simulation)
    assert "+1s Paused: CanaryPauseStep; waits until +12s" in lines
    assert lines[-1].startswith("+13s Paused: CanaryPauseStep; waits: paused at step 4 of 4")
    assert not simulation.failed
    assert [one.target.name for one in simulation.settled.waiting] == ["front"]


def test_a_person_promotes_at_a_time(repo: Repo) -> None:
    """What people do stands in the time line, and has its effect then."""
    repo.write({"rollouts/staging/front.yaml": rollout(2)})
    act = parse_act("5m promote rollout/front")
    simulation = run(repo, since="HEAD", about="rollout/front", acts=(act,))
    (done,) = (one for one in simulation.moments if one.what is What.PERSON)
    assert (done.text, done.at) == ("promote", timedelta(minutes=5))
    assert told(simulation)[-1] == "+301s Healthy"


def test_a_person_aborts_and_the_rollout_stands_badly(repo: Repo) -> None:
    """The stable version serves again; whoever simulates is told that somebody has to look."""
    repo.write({"rollouts/staging/front.yaml": rollout(2)})
    act = parse_act("5m abort rollout/front")
    simulation = run(repo, since="HEAD", about="rollout/front", acts=(act,))
    assert simulation.failed
    assert [one.target.name for one in simulation.bad] == ["front"]


def test_pods_of_an_image_crash_when_told_to(repo: Repo) -> None:
    """The new version never serves, so the canary runs out of time; the old one goes on."""
    repo.write({"rollouts/staging/front.yaml": rollout(2)})
    fault = parse_fault("crash=example.com/front:2")
    simulation = run(repo, since="HEAD", about="rollout/front", faults=(fault,))
    assert simulation.failed
    assert "ProgressDeadlineExceeded" in told(simulation)[-1]


def test_a_fault_strikes_the_workload_that_it_names_only(repo: Repo) -> None:
    """The Deployment never gets healthy, the Rollout does."""
    simulation = run(repo, faults=(parse_fault("never-ready=web"),), length=timedelta(minutes=20))
    assert "Healthy" in told(simulation, "front")[-1]
    assert not any("Healthy" in line for line in told(simulation, "web-staging"))
    assert simulation.failed


def test_schedules_fire_while_time_goes_by(tmp_path: Path) -> None:
    """Every hour a workflow, whose steps come to what was said, one after the other."""
    repo = make_repo(tmp_path, {"pipelines/build.yaml": CRON})
    outcomes = (parse_outcome('build={"seconds": 90}'), parse_outcome("*=succeeded"))
    simulation = run(repo, length=3 * HOUR, whole=True, outcomes=outcomes)
    created = [
        one
        for one in simulation.moments
        if one.what is What.WRITE and one.target.kind == "Workflow" and one.text == "created"
    ]
    assert [(START + one.at).strftime("%H:%M:%S") for one in created] == [
        "04:00:00",
        "05:00:00",
        "06:00:00",
    ]
    ended = [one.at - created[0].at for one in simulation.moments if one.text == "Succeeded"]
    assert ended[0] == timedelta(seconds=91)
    assert not simulation.failed


def test_nothing_is_archived_in_a_simulation(tmp_path: Path) -> None:
    """No workflow that is over waits for that."""
    files = {"pipelines/build.yaml": CRON, "ruleengine.yaml": "archive: {}\n"}
    outcomes = (parse_outcome("*=succeeded"),)
    simulation = run(make_repo(tmp_path, files), length=HOUR, whole=True, outcomes=outcomes)
    assert "Succeeded" in [one.text for one in simulation.moments]
    assert not any("archive" in one.text for one in simulation.moments)


def test_a_pod_that_would_have_to_run_is_never_said_to_have_run(tmp_path: Path) -> None:
    """Without an outcome its workflow fails, and the pod says what to do about it."""
    steps = CRON.partition("\n")[2]
    repo = make_repo(tmp_path, {"pipelines/build.yaml": steps, "triggers/on-push.yaml": TRIGGER})
    act = parse_act('10s event on-push/push {"ref": "main"}')
    simulation = run(repo, acts=(act,))
    assert simulation.failed
    assert [one.target.kind for one in simulation.bad] == ["Workflow"]
    (pod,) = (one for one in simulation.moments if one.what is What.POD)
    assert "nothing runs in a simulation" in pod.text
    assert "--outcome build=succeeded" in pod.text
    fixed = run(repo, acts=(act,), outcomes=(parse_outcome("*=succeeded"),))
    assert not fixed.failed


@pytest.mark.parametrize("words", [("test=failed", "*=succeeded"), ("*=succeeded", "test=failed")])
def test_a_step_that_fails_fails_its_workflow(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Whether that was said before what becomes of all others, or after it."""
    repo = make_repo(tmp_path, {"pipelines/build.yaml": CRON})
    outcomes = tuple(map(parse_outcome, words))
    simulation = run(repo, length=HOUR, whole=True, outcomes=outcomes)
    assert [one.target.kind for one in simulation.bad] == ["Workflow"]


def test_a_later_revision_can_be_applied_in_the_middle(repo: Repo) -> None:
    """As a merge at a time would be."""
    repo.write({"rollouts/staging/front.yaml": rollout(2)})
    repo.commit()
    simulation = run(repo, since="HEAD~1", acts=(parse_act("2m apply HEAD~1"),))
    assert "apply HEAD~1" in [one.text for one in simulation.moments]
    assert "Healthy" in told(simulation, "front")[-1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1m promote rollout/nobody", "there is no such object now"),
        ("1m promote deployment/web", "only a Rollout can be told to promote"),
        ('1m event nobody/push {"a": 1}', "no EventSource has such an event"),
        ('1m patch rollout/front {"spec": {"replicas": "many"}}', ""),
    ],
)
def test_an_act_that_cannot_be_done_is_told_and_nothing_ends(
    repo: Repo, text: str, says: str
) -> None:
    """The simulation goes on, and the reason stands in the time line."""
    simulation = run(repo, acts=(parse_act(text),))
    (done,) = (one for one in simulation.moments if one.what is What.PERSON)
    assert says in done.text
    assert simulation.settled is not None


def test_deleting_and_patching_are_acts_too(repo: Repo) -> None:
    """What the repo declares comes back as far as somebody heals it."""
    acts = (
        parse_act("1m delete deployment/web"),
        parse_act('2m patch rollout/front {"spec": {"replicas": 2}}'),
    )
    simulation = run(repo, acts=acts)
    lines = told(simulation, "web")
    assert "+60s delete" in lines
    assert "+60s created" in lines
    assert "+120s updated: from 4 to 2 pods" in told(simulation, "front-")


def test_an_object_that_never_comes_to_be_is_said(repo: Repo) -> None:
    """It is no empty time line."""
    with pytest.raises(FailedError, match="does not come to be"):
        run(repo, about="rollout/nobody")


def test_an_object_that_was_deleted_can_be_asked_about(repo: Repo) -> None:
    """It came to be, and what became of it is told."""
    act = parse_act("60s delete rollout/front")
    lines = told(run(repo, acts=(act,), about="rollout/front"), "front")
    assert lines[0] == "+0s created"
    assert "+60s delete" in lines


def test_an_act_after_the_end_is_wrong_usage(repo: Repo) -> None:
    """It would make the simulation longer than it was asked to be."""
    with pytest.raises(UsageError, match="'delete rollout/front' comes after the end"):
        run(repo, acts=(parse_act("2h delete rollout/front"),), length=HOUR)


def test_findings_of_severity_error_stop_it_before_anything(tmp_path: Path) -> None:
    """As they stop an apply."""
    repo = make_repo(tmp_path, {"environments/staging/web.yaml": "sorce: 1\n"})
    simulation = run(repo)
    assert simulation.failed
    assert (simulation.moments, simulation.settled) == ((), None)
    assert simulation.findings


def test_what_argo_acts_on_is_not_simulated(tmp_path: Path) -> None:
    """We do not know what its controllers would do."""
    text = "engine: handover\nrepo: https://example.com/config.git\n"
    repo = make_repo(tmp_path, {**SHOP, "ruleengine.yaml": text})
    with pytest.raises(UsageError, match="cannot be simulated"):
        run(repo)


def test_acts_are_read_from_text() -> None:
    """A time, a verb, what it is about, and data where the verb has some."""
    assert parse_act("90s abort rollout/web") == UserAct(
        at=timedelta(seconds=90), verb="abort", subject="rollout/web"
    )
    act = parse_act('1h patch rollout/web {"spec": {"paused": true}}')
    assert act.data == {"spec": {"paused": True}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5m",
        "5m promote",
        "5m promote web",
        "promote rollout/web",
        "5m dance rollout/web",
        "5m patch rollout/web",
        "-5m promote rollout/web",
        "5m patch rollout/web [1]",
        "5m delete rollout/web {}",
    ],
)
def test_an_act_that_cannot_be_read_is_wrong_usage(text: str) -> None:
    """The remedy lists every form."""
    with pytest.raises(UsageError) as caught:
        parse_act(text)
    assert "TIME delete KIND/NAME" in caught.value.remedy


def test_outcomes_are_read_from_text() -> None:
    """Succeeded, failed, or what they are in detail."""
    assert parse_outcome("build=succeeded") == PodOutcome(whose="build")
    assert parse_outcome("example.com/a=b:1=failed".replace("a=b", "ab")).exit_code == 1
    whole = parse_outcome('build={"seconds": 9, "result": 7, "parameters": {"image": "x"}}')
    assert whole.seconds == 9
    assert whole.outputs == {"result": "7", "parameters": [{"name": "image", "value": "x"}]}
    values = parse_outcome('a={"result": [1, "b"], "parameters": {"p": {"a": null}, "q": true}}')
    assert json.loads(values.outputs["result"]) == [1, "b"]
    made = {one["name"]: one["value"] for one in values.outputs["parameters"]}
    assert (json.loads(made["p"]), made["q"]) == ({"a": None}, "true")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "build",
        "=failed",
        "build=maybe",
        "build=[1]",
        'build={"size": 1}',
        "build={}x",
        'build={"seconds": -1}',
        'build={"seconds": 1e300}',
        'build={"seconds": true}',
        'build={"exitCode": true}',
        'build={"exitCode": -1}',
        'build={"exitCode": 256}',
        'build={"exitCode": "1"}',
        'build={"parameters": ["ab"]}',
    ],
)
def test_an_outcome_that_cannot_be_read_is_wrong_usage(text: str) -> None:
    """The remedy says how to write one."""
    with pytest.raises(UsageError, match="is no outcome"):
        parse_outcome(text)


def test_faults_are_read_from_text() -> None:
    """By name or by image."""
    assert parse_fault("slow=web") == PodFault(fault="slow", whose="web")
    with pytest.raises(UsageError, match="is no fault"):
        parse_fault("hungry=web")


def test_a_whole_day_goes_by_with_nothing_to_do(tmp_path: Path) -> None:
    """Time in which nothing happens is passed over, not waited for."""
    repo = make_repo(tmp_path, {"rollouts/staging/front.yaml": rollout(1)})
    simulation = run(repo, length=24 * HOUR, whole=True)
    assert simulation.end == 24 * HOUR
    assert simulation.moments[-1].at < timedelta(seconds=10)
