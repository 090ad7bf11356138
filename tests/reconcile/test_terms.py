"""Terms: nothing is decided on what was observed before others drove, or is not known at all."""

from ruleengine.model.actions import Target
from ruleengine.model.http import HttpRequest, HttpResponse
from tests.cluster.fake_api import WRITES
from tests.reconcile.test_driving import Driver, drivers
from tests.reconcile.test_effects import LEDGER, OWNER, scene
from tests.reconcile.test_settling import Scene, workflow

CHILD = Target("v1", "ConfigMap", "shop", "one-1")


def refused(code: int) -> HttpResponse:
    """Return a failure."""
    return HttpResponse(status=code, body=b'{"kind": "Status", "reason": "Conflict"}')


def without_cache(driver: Driver) -> None:
    """Let the feed of a process be as late as can be: it tells nothing of what others do."""
    driver.sleep = lambda seconds: Scene.sleep(driver, seconds)


def test_who_takes_a_lease_after_others_drove_decides_on_what_they_left() -> None:
    """The first process observed the world; then another one did all the work, and left."""
    first, second = drivers()
    done: list[bool] = []

    def fault(request: HttpRequest, when: str) -> None:
        if when == "before" and request.method == "POST" and "leases" in request.path and not done:
            done.append(True)
            second.drive()

    first.api.fault = fault
    settled = first.drive()
    assert done
    assert settled.writes == 0
    assert second.status("one") == {"phase": "Succeeded", "made": 3}


def test_a_run_that_nobody_crossed_reads_the_world_once() -> None:
    """One look at the lease is all that the certainty costs."""
    first, _ = drivers()
    first.drive()
    lists = [one.path for one in first.api.requests if ("limit", "500") in one.query]
    before = lists.count("/apis/argoproj.io/v1alpha1/workflows")
    looks = [one for one in first.api.requests if one.method == "GET" and "leases" in one.path]
    assert before == 1
    assert len(looks) == 2


def test_a_write_that_was_not_acknowledged_is_looked_up_before_the_next_decision() -> None:
    """The server performed it and answered with a conflict; nothing is made twice."""
    stage = Scene()
    stage.api.add(workflow("one"))
    failing = [True]

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "after" and request.method in WRITES and request.path.endswith("/one-1"):
            return refused(409) if failing.pop() else None
        return None

    failing[:0] = [False] * 5
    stage.api.fault = fault
    settled = stage.settle()
    assert settled.failed == ()
    assert stage.status("one") == {"phase": "Succeeded", "made": 3}


def test_while_it_cannot_be_looked_up_its_object_is_not_decided() -> None:
    """Others go on, and so does this one as soon as the server answers."""
    stage = Scene()
    for name in ("one", "two"):
        stage.api.add(workflow(name))
    asked: list[int] = []

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if not request.path.endswith("/one-1"):
            return None
        if request.method in WRITES:
            return refused(409) if when == "after" and not asked else None
        if when == "before" and len(asked) < 3:
            asked.append(stage.reconciler.asked.count("one"))
            return refused(403)
        return None

    stage.api.fault = fault
    settled = stage.settle()
    assert len(asked) == 3
    assert len(set(asked)) == 1
    assert settled.failed == ()
    for name in ("one", "two"):
        assert stage.status(name) == {"phase": "Succeeded", "made": 3}


def test_a_ledger_whose_object_went_while_nobody_was_there_is_collected() -> None:
    """The next run does it, and the one after that finds nothing to do."""
    first, _ = scene()
    first.settle()
    assert LEDGER in first.api.objects
    del first.api.objects[OWNER]
    again, _ = scene(first.api)
    assert again.settle().writes == 1
    assert LEDGER not in first.api.objects
    assert again.settle().writes == 0


def test_a_ledger_of_an_object_that_was_made_again_is_collected_too() -> None:
    """It belongs to the one before; the new one's effect happens."""
    first, _ = scene()
    first.settle()
    del first.api.objects[OWNER]
    first.api.add(workflow("one"))
    again, later = scene(first.api)
    again.settle()
    assert len(later.keys) == 1
    assert again.status("one") == {"phase": "Succeeded", "said": "done"}


def test_ledgers_are_left_alone_whose_object_lives_or_is_not_ours() -> None:
    """Nor is a Secret touched that merely looks like one."""
    first, _ = scene()
    first.settle()
    ledger = first.api.objects[LEDGER]
    stranger = LEDGER._replace(name="record-of-somebody-else")
    metadata = {"name": stranger.name, "namespace": stranger.namespace}
    first.api.add({**ledger, "metadata": metadata})
    again, _ = scene(first.api)
    assert again.settle().writes == 0
    assert {LEDGER, stranger} <= first.api.objects.keys()
