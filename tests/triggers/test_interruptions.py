"""Wherever a process ends, the next one comes to the same: nothing lost, nothing twice."""

from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from ruleengine.model.errors import UnreachableError
from tests.triggers.objects import SENSOR, dependency, event_bus, event_source, sensor, trigger
from tests.triggers.stage import Cut, Stage

TWO = sensor(
    [dependency("push"), dependency("tag")],
    [trigger("alone", conditions="push"), {**trigger("together"), "atLeastOnce": True}],
)


def play(stage: Stage, writes: int | None = None, *, after: bool = False) -> bool:
    """Let the story happen; with ``writes`` the process is cut off there, and a new one goes on.

    Returns whether it was cut off.
    """
    stage.apply(event_bus(jetstream={"version": "1"}), event_source(), TWO)
    stage.settle()
    stage.arrive("p1", "p2")
    stage.arrive("t1", subject="tag")
    stage.arrive("p3")
    if writes is None:
        stage.settle()
        return False
    cut = Cut(stage.plane, writes, after=after)
    with suppress(UnreachableError):
        stage.settle(cut)
    stage.reopen()
    stage.settle()
    return cut.cut


def outcome(stage: Stage) -> list[tuple[str, str]]:
    """Return the name and the cause of every workflow."""
    names = [one["metadata"]["name"] for one in stage.workflows()]
    return sorted(
        zip(names, [str(one["metadata"]["annotations"]) for one in stage.workflows()], strict=True)
    )


@pytest.mark.parametrize("after", [False, True], ids=["before-the-write", "after-the-write"])
def test_an_event_starts_its_workflow_once_wherever_the_process_ends(
    tmp_path: Path, *, after: bool
) -> None:
    """Cut off at every write in turn, before it reaches the server and after it."""
    undisturbed = Stage(tmp_path / "undisturbed")
    play(undisturbed)
    wanted = outcome(undisturbed)
    assert undisturbed.started_by() == sorted(
        ['{"push":"p1"}', '{"push":"p2"}', '{"push":"p3"}', '{"push":"p2","tag":"t1"}']
    )
    undisturbed.close()
    for writes in count():
        stage = Stage(tmp_path / f"cut-{writes}")
        cut = play(stage, writes, after=after)
        assert outcome(stage) == wanted, writes
        assert stage.settle().writes == 0
        stage.close()
        if not cut:
            break
    assert writes > 4


def test_a_record_that_somebody_broke_stops_its_sensor_and_no_other(tmp_path: Path) -> None:
    """Going on without it would start again what was started."""
    stage = Stage(tmp_path)
    other = {**sensor(), "metadata": {**sensor()["metadata"], "name": "other"}}
    stage.apply(sensor(), other)
    stage.settle()
    (record,) = [
        one
        for one in stage.client.list("v1", "Secret", namespace="ruleengine").items
        if one["metadata"]["name"].startswith(f"record-{SENSOR.name}-")
    ]
    stage.apply(
        {
            **record,
            "data": {"record": "bm9uc2Vuc2U="},
            "metadata": {"name": record["metadata"]["name"], "namespace": "ruleengine"},
        }
    )
    stage.arrive("e1")
    settled = stage.settle()
    assert [str(one.target) for one in settled.failed] == ["Sensor/shop/on-push"]
    assert [
        one["metadata"]["labels"]["events.argoproj.io/sensor"] for one in stage.workflows()
    ] == ["other"]
    stage.close()
