"""Containers in their images: what an engine is asked for, and what a real one makes of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ruleengine.local.clock import SystemClock
from ruleengine.local.runtime.container_engine import ContainerEngine, full_name
from ruleengine.local.runtime.engine_client import VARIABLE, find_engine
from ruleengine.local.runtime.executing import Wanted
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.runtime.surroundings import PullError
from ruleengine.local.runtime.values import ContainerPlan, InImage, Limits, Mount, VolumeFile
from tests.local.engines import ENGINES, IMAGE, engine_command
from tests.local.pretending import Bench, container, state
from tests.local.sandboxes import Shell, until
from tests.local.test_sandboxes import finished


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("acme/app:2", "docker.io/acme/app:2"),
        ("localhost/app", "localhost/app:latest"),
        ("registry:5000/app:1", "registry:5000/app:1"),
        ("index.docker.io/acme/app", "docker.io/acme/app:latest"),
        ("quay.io/app@sha256:0a", "quay.io/app@sha256:0a"),
        ("alpine:3@sha256:0a", "docker.io/library/alpine@sha256:0a"),
    ],
)
def test_a_reference_has_a_full_name(reference: str, name: str) -> None:
    """The registry and the tag that it leaves out."""
    assert full_name(reference) == name
    assert full_name(name) == name


@pytest.mark.parametrize(
    ("stated", "there", "command"),
    [
        (None, ENGINES, ("podman",)),
        (None, ("docker",), ("docker",)),
        (None, (), ()),
        ("none", ENGINES, ()),
        ("docker --context 'my own'", ENGINES, ("docker", "--context", "my own")),
        ("nerdctl", ENGINES, ()),
    ],
)
def test_the_engine_is_the_one_that_is_stated_or_there(
    stated: str | None, there: tuple[str, ...], command: tuple[str, ...]
) -> None:
    """Podman before docker, and none where none is wanted."""
    environment = {} if stated is None else {VARIABLE: stated}
    assert find_engine(environment, lambda one: one if one in there else None) == command


class Recorder:
    """Stands for the engine's client: notes what it is asked, and answers as the test says."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.images = ""
        self.codes: dict[str, int] = {"run": 127}
        self.said = "no"

    def __call__(self, command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        """Answer a command."""
        assert "SECRET" not in options["env"]
        self.asked.append(command[1:])
        code = self.codes.get(command[1], 0)
        text = self.images if command[1] == "images" else ""
        return subprocess.CompletedProcess(command, code, text, f"first\n{self.said}\n")


def recorded(tmp_path: Path, again: float = 60) -> tuple[ContainerEngine, Recorder]:
    """Return an engine whose client is a recorder; a failure is tried ``again`` seconds later."""
    recorder = Recorder()
    environment = {"PATH": "/bin", "HOME": "/root", "SECRET": "hunter2", "DOCKER_HOST": "tcp://x"}
    return ContainerEngine(("docker",), tmp_path, environment, recorder, again=again), recorder


def test_an_image_is_known_by_its_full_name(tmp_path: Path) -> None:
    """Or as one that was made here; the engine is tried once, and asked once for its images."""
    engine, recorder = recorded(tmp_path)
    recorder.images = "alpine:3.20 alpine@sha256:0a\nlocalhost/mine:1 localhost/mine@<none>\n"
    found = [engine.has(one) for one in ("alpine:3.20", "alpine@sha256:0a", "mine:1", "alpine")]
    assert found == [True, True, True, False]
    assert [one[0] for one in recorder.asked] == ["images", "run"]


def test_an_engine_that_starts_nothing_is_not_used(tmp_path: Path) -> None:
    """It says why."""
    engine, recorder = recorded(tmp_path)
    recorder.images = "alpine:3.20 alpine@sha256:0a"
    recorder.codes["run"], recorder.said = 126, "cgroups are wrong"
    assert not engine.has("alpine:3.20")
    assert engine.problem.endswith("starts no container: cgroups are wrong")


def test_an_engine_that_does_not_answer_is_not_used(tmp_path: Path) -> None:
    """As docker's client without its daemon."""
    engine, recorder = recorded(tmp_path)
    recorder.codes["images"], recorder.said = 1, "Cannot connect to the Docker daemon"
    assert not engine.has("alpine")
    assert engine.problem.endswith("cannot be used: Cannot connect to the Docker daemon")
    with pytest.raises(PullError, match=r"Cannot connect.*; it is tried again every 60 seconds"):
        engine.pull("alpine", lambda: None)


@pytest.mark.parametrize("what", ["images", "run"])
def test_an_engine_that_comes_back_is_used_again(
    what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One time that it did not answer is not for ever; both turns are told once."""
    engine, recorder = recorded(tmp_path, again=0)
    recorder.images = "alpine:3.20 alpine@sha256:0a"
    recorder.codes[what], recorder.said = 1, "busy"
    assert not engine.has("alpine:3.20")
    assert not engine.has("alpine:3.20")
    recorder.codes[what] = 127 if what == "run" else 0
    assert until(lambda: engine.has("alpine:3.20"))
    assert until(lambda: len(caplog.records) > 1)  # it is told beside
    first, last = (one.getMessage() for one in caplog.records)
    assert first.endswith("busy; it is tried again every 0 seconds")
    assert last.endswith("the container engine docker can be used again")


def test_an_engine_is_left_alone_for_a_while_after_a_failure(tmp_path: Path) -> None:
    """Whoever plans a container waits for none that does not answer."""
    engine, recorder = recorded(tmp_path)
    recorder.codes["images"] = 1
    assert not any(engine.has("alpine") for _ in range(3))
    assert engine.images() == frozenset()
    assert len(recorder.asked) == 1


def test_an_engine_that_takes_too_long_has_a_short_word_for_it(tmp_path: Path) -> None:
    """Its command line says nothing to anybody."""

    def slow(command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        raise subprocess.TimeoutExpired(command, options["timeout"])

    engine = ContainerEngine(("docker",), tmp_path, {}, slow)
    assert engine.images() == frozenset()
    assert engine.problem.endswith("cannot be used: it did not answer within 20 seconds")


def test_an_image_is_pulled_once(tmp_path: Path) -> None:
    """Who waits for it is told; one that cannot be had says so for a while."""
    engine, recorder = recorded(tmp_path)
    told: list[str] = []
    assert engine.pull("alpine", lambda: told.append("alpine"))
    assert until(lambda: told)
    recorder.codes["pull"], recorder.said = 1, "manifest unknown"
    assert engine.pull("other", lambda: told.append("other"))
    assert until(lambda: "other" in told)
    for _ in range(2):
        with pytest.raises(PullError, match="manifest unknown"):
            engine.pull("other", lambda: None)
    pulls = [one[-1] for one in recorder.asked if one[0] == "pull"]
    assert pulls == ["alpine", "other"]
    engine.close()


def plan(**more: Any) -> ContainerPlan:
    """Return the plan of a container in its image."""
    stated = {"environment": {}, "inside": InImage(reference=IMAGE, command=("serve",)), **more}
    return ContainerPlan(uid="u", container="c", attempt=0, arguments=(), **stated)


def asked_for(engine: ContainerEngine, attempt: Path, wanted: ContainerPlan, *volumes: Any) -> Any:
    """Return the specification that an engine makes of a plan."""
    with engine.launch(wanted, attempt, volumes) as launch:
        return json.loads(launch.specification)


def test_a_plan_becomes_a_command(tmp_path: Path) -> None:
    """With its limits, mounts, user, hosts and everything else that it states."""
    engine, _ = recorded(tmp_path)
    inside = InImage(
        reference=IMAGE,
        command=("serve", "--all"),
        args=("x",),
        user="5:6",
        working_directory="/here",
    )
    volume = {"source": "/v", "inner": ["a", "b"], "target": "/data", "read_only": True}
    wanted = plan(
        inside=inside,
        hostname="web-0",
        hosts=("127.0.0.9\tshop store",),
        limits=Limits(memory=1 << 20, cpu=500),
        read_only_root=True,
        stdin=True,
        tty=True,
    )
    arguments = asked_for(engine, tmp_path, wanted, volume)["arguments"]
    assert arguments[:4] == ["docker", "run", "--name", "ruleengine-u-c-0"]
    for one in (
        *("--pull=never", "--network=host", "--hostname=web-0", "--add-host=store:127.0.0.9"),
        *(f"--memory={1 << 20}", "--cpus=0.5", "--read-only", "--interactive", "--tty"),
        *("--user=5:6", "--workdir=/here", "--security-opt=no-new-privileges"),
        "--mount=type=bind,source=/v/a/b,target=/data,readonly",
        f"--mount=type=bind,source={tmp_path}/termination,target=/dev/termination-log",
    ):
        assert one in arguments, one
    assert arguments[-4:] == ["--entrypoint=serve", IMAGE, "--all", "x"]


def test_what_a_container_leaves_out_is_its_images(tmp_path: Path) -> None:
    """Program, user and folder."""
    engine, _ = recorded(tmp_path)
    wanted = plan(inside=InImage(reference=IMAGE, args=("x",)))
    arguments = asked_for(engine, tmp_path, wanted)["arguments"]
    assert arguments[-2:] == [IMAGE, "x"]
    assert not [one for one in arguments if one.startswith(("--user", "--workdir", "--entry"))]


USERS = [
    ("podman", 0, 65534, "65534"),
    ("docker", 0, 65534, "65534"),
    ("podman", 1000, 0, "0"),
    ("docker", 1000, 0, "1000"),
    ("podman", 0, 0, "0"),
]


@pytest.mark.parametrize(("command", "present", "ours", "user"), USERS)
def test_an_artifact_driver_runs_as_containers_of_the_sandbox_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    present: int,
    ours: int,
    user: str,
) -> None:
    """Whoever the image or the pod names: its socket is open to the host's user that made it."""
    monkeypatch.setattr(os, "geteuid", lambda: present)
    engine = ContainerEngine((command,), tmp_path, {}, Recorder())
    inside = InImage(reference=IMAGE, user="5:6")
    for name, expected in (("artifact-plugin-mine", f"--user={user}"), ("c", "--user=5:6")):
        wanted = replace(plan(inside=inside), container=name)
        with engine.launch(wanted, tmp_path, (), ours) as launch:
            arguments = json.loads(launch.specification)["arguments"]
        assert [one for one in arguments if one.startswith("--user")] == [expected]


def test_values_of_variables_are_not_in_the_command(tmp_path: Path) -> None:
    """But those whose names the client needs for itself."""
    engine, _ = recorded(tmp_path)
    wanted = plan(environment={"PASSWORD": "hunter2", "HOME": "/home/me"})
    spec = asked_for(engine, tmp_path, wanted)
    assert "hunter2" not in " ".join(spec["arguments"])
    assert {"--env=PASSWORD", "--env=HOME=/home/me"} <= set(spec["arguments"])
    assert spec["environment"]["PASSWORD"] == "hunter2"
    assert spec["environment"]["HOME"] == "/root"


def test_a_path_that_the_engine_would_misread_is_refused(tmp_path: Path) -> None:
    """A comma would be another option."""
    engine, _ = recorded(tmp_path)
    volume = {"source": "/v", "inner": ["a,readonly=false"], "target": "/data", "read_only": True}
    with pytest.raises(OSError, match="a comma or quote"):
        asked_for(engine, tmp_path, plan(), volume)


def test_a_container_runs_in_its_image_where_the_engine_has_it() -> None:
    """What it states goes with it; without one it is the sandbox's."""
    bench = Bench()
    bench.runner.images = {"acme/app:1"}
    one = container("a", image="acme/app:1", command=["serve"], args=["$(WORD)"])
    one["env"] = [{"name": "WORD", "value": "w"}]
    bench.create(containers=[one, container("b"), container("d", image="acme/app:1", command=[])])
    inside = {one.container: one.inside for one in bench.runner.plans}
    assert inside["a"] == InImage(reference="acme/app:1", command=("serve",), args=("w",))
    assert inside["b"] is None
    assert inside["d"] == InImage(reference="acme/app:1")


def test_an_image_is_pulled_where_nothing_else_can_run_it() -> None:
    """The container waits for it, which is no failure, and starts once it is there."""
    bench = Bench()
    bench.runner.registry = True
    value = bench.create(containers=[container(image="acme/app:1", command=[])])
    assert state(value)["waiting"]["reason"] == "ContainerCreating"
    events = bench.call("GET", "/api/v1/namespaces/default/events")[1]["items"]
    told = {
        (one["type"], one["reason"]) for one in events if one["source"]["component"] == "kubelet"
    }
    assert told == {("Normal", "Pulling")}
    assert {one for _, one in bench.runner.pulled} == {"acme/app:1"}
    bench.runner.images = {"acme/app:1"}
    bench.plane.advance(3)
    assert "running" in state(bench.read())


@pytest.mark.parametrize("policy", ["Never", "IfNotPresent"])
def test_an_image_that_cannot_be_had_fails_the_pod(policy: str) -> None:
    """And says what to do."""
    bench = Bench()
    bench.runner.registry = policy == "Never"
    one = container(image="acme/app:1", command=[], imagePullPolicy=policy)
    value = bench.create(containers=[one])
    assert (value["status"]["phase"], value["status"]["reason"]) == ("Failed", "ErrImagePull")
    assert not bench.runner.pulled


@pytest.fixture(scope="module", params=ENGINES)
def command(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    """Return the command of an engine that works here."""
    with engine_command(request.param) as found:
        yield found


@pytest.fixture(scope="module")
def runner(
    command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProcessRunner]:
    """Return a runner with a real engine, of which nothing stays."""
    folder = tmp_path_factory.mktemp("state") / "pods"
    found = ProcessRunner(folder, SystemClock(), engine=command)
    if not found.has_image(IMAGE):
        found.close()
        pytest.skip("no container engine works here")
    yield found
    found.close()
    assert containers(command) == []


def containers(command: tuple[str, ...]) -> list[str]:
    """Return the containers that an engine has."""
    done = subprocess.run(
        [*command, "ps", "--all", "--format", "{{.Names}}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


class InEngine(Shell):
    """Runs shell scripts as containers in the test's image."""

    def plan(self, script: str, **more: Any) -> str:
        """Start a script with more of a plan; return the name of its container."""
        inside = InImage(reference=IMAGE, command=("sh", "-c", script), **more.pop("image", {}))
        return super().plan("", inside=inside, **more)


@pytest.fixture
def shell(runner: ProcessRunner, request: pytest.FixtureRequest) -> InEngine:
    """Return a shell in a pod of its own."""
    return InEngine(runner, request.node.name.partition("[")[0].replace("_", "-")[:60])


def test_a_container_sees_its_image_and_not_the_host(shell: InEngine, tmp_path: Path) -> None:
    """Its files, its variables, its exit code, its message and both of its outputs."""
    (tmp_path / "secret").write_text("hunter2")
    script = (
        f"cat /etc/os-release {tmp_path}/secret; echo $WORD; echo m > /dev/termination-log; exit 3"
    )
    seen, log = shell.run(script, environment={"WORD": "word"})
    assert (seen.code, seen.reason, seen.message) == (3, "Error", "m\n")
    assert log.startswith("ID=tiny\n")
    assert "word\n" in log
    assert "hunter2" not in log


def test_an_image_says_what_it_starts(runner: ProcessRunner) -> None:
    """Where the container states nothing."""
    inside = InImage(reference=IMAGE)
    runner.start(
        ContainerPlan(
            uid="says", container="c", attempt=0, arguments=(), environment={}, inside=inside
        )
    )
    shell = Shell(runner, "says")
    assert shell.wait("c").code == 0
    assert shell.log("c") == "the image says so\n"


def test_volumes_are_the_same_inside_and_in_the_sandbox(
    shell: InEngine, runner: ProcessRunner
) -> None:
    """So that containers of one pod meet, whichever way they run."""
    files = Mount(volume="m", path="/etc/shop", files={"name": VolumeFile(b"value")})
    shared = Mount(volume="v", path="/data")
    seen, log = shell(
        "echo x > /data/file; cat /etc/shop/name; echo y > /etc/shop/name", shared, files
    )
    assert (seen.code, "value" in log) == (1, True)
    native = Shell(runner, shell.uid)
    native.count = 10
    assert native("cat /in/file", Mount(volume="v", path="/in"))[1] == "x\n"


def test_what_a_driver_keeps_to_itself_is_open_to_containers_of_the_sandbox(
    shell: InEngine, runner: ProcessRunner
) -> None:
    """They are one user on the host, so that they meet at its socket."""
    inside = InImage(reference=IMAGE, command=("sh",), args=("-c", "umask 077; echo x >/data/f"))
    driver = ContainerPlan(
        uid=shell.uid,
        container="artifact-plugin-mine",
        attempt=0,
        arguments=(),
        environment={},
        inside=replace(inside, user="1000"),
        mounts=(Mount(volume="v", path="/data"),),
    )
    runner.start(driver)
    native = Shell(runner, shell.uid)
    assert native.wait(driver.container).code == 0
    native.count = 10
    assert native("cat /in/f", Mount(volume="v", path="/in"))[1] == "x\n"


def test_a_container_is_who_it_asks_to_be_where_it_asks_to_be(shell: InEngine) -> None:
    """And has the name that it asks for, and knows more hosts."""
    image = {"user": "1000:2000", "working_directory": "/etc"}
    script = "id -u; id -g; pwd; uname -n; cat /etc/hosts"
    _, log = shell.run(script, image=image, hostname="web-0", hosts=("127.0.0.9\tshop",))
    assert log.startswith("1000\n2000\n/etc\nweb-0\n")
    assert "shop" in log


def test_a_root_that_is_read_only_is_so_everywhere(shell: InEngine) -> None:
    """No folder of it is an exception, as on a cluster; volumes are."""
    script = "echo x >/tmp/x && echo no; echo x >/run/x && echo no; echo x >/data/x && echo yes"
    _, log = shell.run(script, read_only_root=True, mounts=(Mount(volume="v", path="/data"),))
    lines = log.splitlines()
    assert ("yes" in lines, "no" in lines) == (True, False), log


def test_another_program_runs_inside(shell: InEngine, runner: ProcessRunner) -> None:
    """Probes and kubectl exec go this way."""
    name = shell.start("echo here > /mark; echo up; sleep 1000")
    until(lambda: "up" in shell.log(name))
    wanted = Wanted(arguments=("sh", "-c", "cat /mark; tr a-z A-Z; exit 4"), stdin=True)
    execution = runner.execute(shell.uid, name, wanted)
    assert execution.stdin is not None
    os.write(execution.stdin, b"hello\n")
    execution.end_input()
    code, (output, _) = finished(execution)
    assert (code, output) == (4, b"here\nHELLO\n")
    attached = runner.execute(shell.uid, name, Wanted())
    runner.end(shell.uid, name, kill=True)
    assert shell.wait(name).code == 137
    finished(attached)


def test_a_container_is_asked_and_may_have_input(shell: InEngine, runner: ProcessRunner) -> None:
    """The signal reaches its first process."""
    name = shell.plan(
        "trap 'echo bye; exit 0' TERM; echo up; read a; echo got $a; while :; do sleep 0.1; done",
        stdin=True,
    )
    until(lambda: "up" in shell.log(name))
    found = runner.execute(shell.uid, name, Wanted(stdin=True))
    assert found.stdin is not None
    os.write(found.stdin, b"this\n")
    until(lambda: "got this" in shell.log(name))
    runner.end(shell.uid, name, kill=False)
    assert shell.wait(name).code == 0
    assert shell.log(name) == "up\ngot this\nbye\n"
    finished(found)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (Mount(volume="v", path="/all"), "StartError"),
        (Mount(volume="v", path="/all", sub_path="part/of"), "Completed"),
        (Mount(volume="v", path="/all", sub_path="part"), "StartError"),
        (Mount(volume="v", path="/all", read_only=True), "Completed"),
        (Mount(volume="w", path="/all"), "Completed"),
    ],
)
def test_a_part_of_a_volume_that_others_write_as_a_whole_is_refused(
    shell: InEngine, runner: ProcessRunner, other: Mount, reason: str
) -> None:
    """They could lay a link there that leads to the host; who writes the same part could not."""
    part = Mount(volume="v", path="/in", sub_path="part/of")
    assert shell("echo x > /in/file; cat /in/file", part)[1] == "x\n"
    name = shell.start("echo up; sleep 1000", other)
    until(lambda: "up" in shell.log(name))
    seen, _ = shell("true", part)
    assert seen.reason == reason
    assert ("mount the whole volume" in seen.message) is (reason != "Completed")
    runner.forget(shell.uid)


def test_a_part_of_a_claim_that_another_pod_writes_is_refused(
    shell: InEngine, runner: ProcessRunner
) -> None:
    """A claim is shared by pods."""
    whole = Mount(volume="w", path="/all", claim="theirs")
    other = Shell(runner, f"{shell.uid}-other")
    name = other.start("mkdir -p /all/part; echo up; sleep 1000", whole)
    until(lambda: "up" in other.log(name))
    seen, _ = shell("true", Mount(volume="v", path="/in", claim="theirs", sub_path="part"))
    assert (seen.reason, "mount the whole volume" in seen.message) == ("StartError", True)
    for one in (shell, other):
        runner.forget(one.uid)


def test_an_image_that_is_gone_is_a_failed_start(runner: ProcessRunner) -> None:
    """With what the engine says."""
    inside = InImage(reference="localhost/none:1", command=("true",))
    wanted = ContainerPlan(
        uid="gone", container="c", attempt=0, arguments=(), environment={}, inside=inside
    )
    runner.start(wanted)
    seen = Shell(runner, "gone").wait("c")
    assert (seen.code, seen.reason) == (125, "StartError")
    assert "localhost/none:1" in seen.message


_SERVER = """
import sys, time
from pathlib import Path
from ruleengine.local.clock import SystemClock
from ruleengine.local.runtime.processes import ProcessRunner
from ruleengine.local.runtime.values import ContainerPlan, InImage

folder, image, *engine = sys.argv[1:]
runner = ProcessRunner(Path(folder), SystemClock(), engine=engine)
inside = InImage(reference=image, command=("sh", "-c", "echo up; sleep 1000"))
runner.start(ContainerPlan(
    uid="u", container="c", attempt=0, arguments=(), environment={}, inside=inside))
time.sleep(1000)
"""


@pytest.mark.parametrize("whom", ["server", "all"])
def test_a_killed_server_leaves_no_container(
    runner: ProcessRunner, command: tuple[str, ...], tmp_path: Path, whom: str
) -> None:
    """Its launcher ends them; and where that was killed too, the next server does."""
    del runner
    folder = tmp_path / "pods"
    arguments = [sys.executable, "-c", _SERVER, str(folder), IMAGE, *command]
    server = subprocess.Popen(arguments)
    log = folder / "u" / "containers" / "c" / "0" / "log"
    assert until(lambda: log.exists() and b"up" in log.read_bytes())
    assert containers(command) == ["ruleengine-u-c-0"]
    if whom == "all":
        for one in (tmp_path / "launchers").iterdir():
            os.kill(int(one.name), 9)
    server.kill()
    server.wait()
    if whom == "all":
        again = ProcessRunner(folder, SystemClock(), engine=command)
        assert again.look("u")["c"].reason == "NodeRestarted"
        again.close()
    assert until(lambda: containers(command) == [])


def test_what_ends_in_order_with_its_server_leaves_nothing_in_the_engine(
    runner: ProcessRunner, command: tuple[str, ...], tmp_path: Path
) -> None:
    """It counts as ended by the server all the same."""
    del runner
    own = ProcessRunner(tmp_path / "pods", SystemClock(), engine=command)
    shell = InEngine(own, "u")
    name = shell.start("trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done")
    until(lambda: "up" in shell.log(name))
    own.close()
    assert containers(command) == []
    again = ProcessRunner(tmp_path / "pods", SystemClock(), engine=command)
    assert again.look("u")[name].reason == "NodeRestarted"
    again.close()


class KilledError(BaseException):
    """The server is gone."""


def test_a_server_that_is_killed_while_it_ends_containers_leaves_them_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count as ended only once the engine has ended them."""
    folder = tmp_path / "pods"
    attempt = folder / "u" / "containers" / "c" / "0"
    attempt.mkdir(parents=True)
    record = {"started": "2026-01-01T00:00:00Z", "engine": True}
    (attempt / "record.json").write_text(json.dumps(record))
    asked = []

    def remove_all(_: ContainerEngine) -> None:
        asked.append("remove")
        if len(asked) == 1:
            raise KilledError

    monkeypatch.setattr(ContainerEngine, "remove_all", remove_all)
    with pytest.raises(KilledError):
        ProcessRunner(folder, SystemClock(), engine=())
    for _ in range(2):
        again = ProcessRunner(folder, SystemClock(), engine=())
        assert again.look("u")["c"].reason == "NodeRestarted"
        again.close()
    assert asked == ["remove", "remove"]


_PULLER = """
import sys
from pathlib import Path
from ruleengine.local.runtime.container_engine import ContainerEngine

script = 'echo > "$0/up"; read word < "$0/wait"'
engine = ContainerEngine(["/bin/sh", "-c", script, sys.argv[1]], Path(sys.argv[1]), {})
engine.pull("acme/app:1", lambda: None)
(Path(sys.argv[1]) / "up").read_bytes()
engine.close()
"""


def test_a_server_that_ends_waits_for_no_pull(tmp_path: Path) -> None:
    """One may take a quarter of an hour."""
    for name in ("up", "wait"):
        os.mkfifo(tmp_path / name)
    subprocess.run([sys.executable, "-c", _PULLER, str(tmp_path)], timeout=60, check=True)
    (tmp_path / "wait").write_text("go\n")
