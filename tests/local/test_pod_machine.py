"""Whatever happens to the containers of a pod, and in whatever order, what a pod promises holds."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.local.runtime.checks import Purpose
from ruleengine.local.runtime.values import ContainerPlan, Seen
from ruleengine.model.values import Object
from tests.local.pretending import PODS, Bench, container, pod

PROBE = {"tcpSocket": {"port": 80}, "failureThreshold": 1, "periodSeconds": 1}
HOOK = {"exec": {"command": ["x"]}}

policies = st.sampled_from(["Always", "OnFailure", "Never"])
mains = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "livenessProbe": st.just(PROBE),
            "readinessProbe": st.just(PROBE),
            "startupProbe": st.just(PROBE),
            "lifecycle": st.just({"preStop": HOOK, "postStart": HOOK}),
        },
    ),
    min_size=1,
    max_size=2,
)
inits = st.lists(st.sampled_from([{}, {"restartPolicy": "Always"}]), max_size=3)
events = st.lists(
    st.one_of(
        *[st.tuples(st.just("finish"), st.integers(0, 4), st.sampled_from([0, 0, 1, 137]))] * 3,
        st.tuples(st.just("pass"), st.sampled_from([0.1, 1, 5, 12, 60]), st.none()),
        st.tuples(st.just("answer"), st.sampled_from(list(Purpose)), st.booleans()),
        st.tuples(st.just("delete"), st.none(), st.none()),
    ),
    min_size=3,
    max_size=16,
)
more = st.fixed_dictionaries(
    {"terminationGracePeriodSeconds": st.integers(0, 8)},
    optional={"activeDeadlineSeconds": st.integers(1, 40)},
)


class Watched(Bench):
    """A bench that looks at every start."""

    def __init__(self) -> None:
        super().__init__()
        self.value: Object = {}
        start = self.runner.start

        def watched(plan: ContainerPlan) -> None:
            self.check_start(plan)
            start(plan)

        self.runner.start = watched  # type: ignore[method-assign]

    def is_sidecar(self, name: str) -> bool:
        """Tell whether a container is an init container that stays."""
        initial = self.value["spec"].get("initContainers", ())
        return any(one["name"] == name and "restartPolicy" in one for one in initial)

    def seen(self) -> dict[str, Seen]:
        """Return the newest attempts."""
        return dict(self.runner.look(self.value["metadata"]["uid"]))

    def check_start(self, plan: ContainerPlan) -> None:
        """Hold a start against what a pod promises."""
        seen = self.seen()
        before = seen.get(plan.container)
        assert before is None or before.finished is not None, "a container never runs twice"
        assert plan.attempt == (0 if before is None else before.attempt + 1)
        if before is not None and not self.is_sidecar(plan.container):
            policy = self.value["spec"]["restartPolicy"]
            assert policy != "Never", "what never restarts does not"
            assert policy == "Always" or before.code, "what has succeeded is not run again"
        names = [one["name"] for one in self.value["spec"].get("initContainers", ())]
        ordinary = [
            one["name"]
            for one in self.value["spec"].get("initContainers", ())
            if "restartPolicy" not in one
        ]
        place = names.index(plan.container) if plan.container in names else len(names)
        for name in names[:place]:
            one = seen.get(name)
            assert one is not None, "init containers start in their order"
            if name in ordinary:
                assert one.finished is not None
                assert one.code == 0, "what comes before has succeeded"
        assert self.status()["phase"] not in ("Succeeded", "Failed"), "what is over stays over"

    def status(self) -> Object:
        """Return the status of the pod, empty once it is gone."""
        code, value = self.call("GET", f"{PODS}/p")
        return value["status"] if code == 200 else {"phase": "Gone"}


def perform(bench: Watched, kind: str, what: Any, detail: Any) -> None:
    """Let one thing happen."""
    running = [name for name, one in bench.seen().items() if one.finished is None]
    if kind == "finish" and running:
        bench.runner.finish(running[what % len(running)], bench.clock.now(), detail)
        bench.plane.settle()
    elif kind == "pass":
        bench.plane.advance(what)
    elif kind == "answer":
        for name in bench.seen():
            bench.runner.answers[name, what] = detail
    elif kind == "delete":
        bench.call("DELETE", f"{PODS}/p")
        bench.plane.settle()


def statuses(bench: Watched) -> Iterator[Object]:
    """Return the statuses of the containers of the pod."""
    status = bench.status()
    yield from status.get("containerStatuses", ())
    yield from status.get("initContainerStatuses", ())


def check(bench: Watched, phases: list[str]) -> None:
    """Hold the pod as it is against what it promises."""
    status, seen = bench.status(), bench.seen()
    running = {name for name, one in seen.items() if one.finished is None}
    if status["phase"] in ("Succeeded", "Failed"):
        assert not running, "nothing of a pod that is over runs"
    if phases and phases[-1] in ("Succeeded", "Failed"):
        assert status["phase"] in (phases[-1], "Gone")
    for one in statuses(bench):
        assert ("running" in one["state"]) == (one["name"] in running)
        assert one["ready"] <= (one["name"] in running or "terminated" in one["state"])
    phases.append(status["phase"])


@settings(max_examples=120, deadline=None)
@given(policy=policies, main=mains, init=inits, what=events, extra=more)
def test_a_pod_keeps_its_promises(
    policy: str, main: list[Object], init: list[Object], what: list[Any], extra: Object
) -> None:
    """Order, no double starts, no way back from the end; and a deleted pod goes in time."""
    bench = Watched()
    spec: Object = {
        "restartPolicy": policy,
        "containers": [container(f"m{n}", **one) for n, one in enumerate(main)],
        **extra,
    }
    if init:
        spec["initContainers"] = [container(f"i{n}", **one) for n, one in enumerate(init)]
    value = pod()
    value["spec"] = spec
    bench.value = bench.call("POST", PODS, value)[1]
    bench.plane.settle()
    phases: list[str] = []
    for kind, first, second in what:
        perform(bench, kind, first, second)
        check(bench, phases)
    bench.call("DELETE", f"{PODS}/p")
    bench.plane.advance(extra["terminationGracePeriodSeconds"] + 2)
    assert bench.status()["phase"] == "Gone"
    assert bench.runner.forgotten == [bench.value["metadata"]["uid"]]


@given(attempt=st.integers(1, 30), seconds=st.integers(0, 590))
def test_back_off_doubles_to_five_minutes(attempt: int, seconds: int) -> None:
    """For a container that did not run long."""
    from ruleengine.local.runtime.situation import backoff

    begin = datetime(2026, 1, 2)  # noqa: DTZ001 - differences alone count
    one = Seen(attempt=attempt, started=begin, finished=begin + timedelta(seconds=seconds))
    assert backoff(one).total_seconds() == min(10 * 2 ** (attempt - 1), 300)
    assert backoff(Seen(attempt=0, started=begin, finished=begin)).total_seconds() == 0
