"""The containers of a set: real processes, in folders instead of a pod."""

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.values import Object
from ruleengine.step.members import members, wait_for_all
from ruleengine.step.plan import Plan
from ruleengine.step.preparing import prepare
from ruleengine.step.waiting import collect
from tests.step.planes import plan


def member(name: str, *needs: str, **more: Any) -> Object:
    """Return what the plan says of one container."""
    return {"name": name, "needs": list(needs), "retries": 0, "pause": 0, **more}


def begin(made: Plan, name: str, *command: str) -> "subprocess.Popen[bytes]":
    """Start a container of a set as its pod would."""
    folder = next(one.directory for one in members(made) if one.members[0]["name"] == name)
    shell = f"{made.directory}/bin/sh"
    return subprocess.Popen([shell, f"{folder}/wrapper", shell, f"{folder}/member", *command])


def test_a_container_begins_when_those_that_it_needs_have_ended(tmp_path: Path) -> None:
    """Whatever the order in which they are started."""
    made = plan(tmp_path, members=(member("a"), member("b", "a")))
    prepare(made)
    said = tmp_path / "said"
    with (
        begin(made, "b", "sh", "-c", f"echo b >>{said}"),
        begin(made, "a", "sh", "-c", f"sleep 0.3; echo a >>{said}"),
    ):
        _, code = wait_for_all(made)
    assert code == 0
    assert said.read_text() == "a\nb\n"


def test_what_needs_a_container_that_failed_does_not_run(tmp_path: Path) -> None:
    """It ends with an error that is not its own."""
    made = plan(tmp_path, members=(member("a"), member("b", "a"), member("c", "b")))
    prepare(made)
    with (
        begin(made, "a", "sh", "-c", "exit 3") as a,
        begin(made, "b", "touch", str(tmp_path / "ran")) as b,
        begin(made, "c", "touch", str(tmp_path / "ran")) as c,
    ):
        codes = [one.wait(30) for one in (a, b, c)]
    assert codes == [3, 64, 64]
    assert not (tmp_path / "ran").exists()
    assert wait_for_all(made)[1] == 3


def test_nobody_waits_for_one_that_was_killed(tmp_path: Path) -> None:
    """It left no word; whoever watches over the set leaves it in its name."""
    made = plan(tmp_path, members=(member("a"), member("b", "a")))
    prepare(made)
    watching = threading.Thread(target=wait_for_all, args=(made,))
    with begin(made, "a", "sleep", "60") as a, begin(made, "b", "true") as b:
        while not (tmp_path / "ctr" / "a" / "started").exists():
            time.sleep(0.01)
        watching.start()
        a.kill()
        assert b.wait(30) == 64
        watching.join(30)
    assert not watching.is_alive()


@pytest.mark.parametrize(("retries", "code"), [(1, 1), (2, 0), (5, 0)])
def test_a_container_is_tried_again_as_often_as_asked(
    tmp_path: Path, retries: int, code: int
) -> None:
    """Until it ends well; the third attempt does."""
    made = plan(tmp_path, members=(member("a", retries=retries, pause=0.01),))
    prepare(made)
    tries, pause = tmp_path / "tries", tmp_path / "bin" / "sleep"
    pause.unlink()
    pause.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/pauses\n')
    pause.chmod(0o755)
    script = f"echo x >>{tries}; test $(wc -l <{tries}) -ge 3"
    with begin(made, "a", "sh", "-c", script) as process:
        assert process.wait(30) == code
    assert len(tries.read_text().split()) == min(retries + 1, 3)
    assert (tmp_path / "pauses").read_text().split() == ["0.01"] * min(retries, 2)


def test_outputs_are_those_of_main(tmp_path: Path) -> None:
    """Its files and its standard output, all of its attempts together."""
    out = tmp_path / "out"
    parameter = {"name": "p", "path": str(out)}
    made = plan(
        tmp_path, result=True, parameters=(parameter,), members=(member("x"), member("main", "x"))
    )
    prepare(made)
    with (
        begin(made, "x", "sh", "-c", "echo not this"),
        begin(made, "main", "sh", "-c", f"echo said; echo made >{out}"),
    ):
        main, code = wait_for_all(made)
    assert collect(main, code) == {
        "result": "said",
        "parameters": [{"name": "p", "value": "made"}],
    }


def test_only_main_is_asked_for_outputs(tmp_path: Path) -> None:
    """Nothing is captured or packed of the others."""
    asked: Object = {"result": True, "parameters": ({},), "artifacts": ({},), "logs": {"name": "l"}}
    made = plan(tmp_path, members=(member("x"), member("main")), **asked)
    other, main = members(made)
    assert {name: getattr(main, name) for name in asked} == asked
    assert not any(getattr(other, name) for name in asked)


def test_main_waits_for_those_that_write_its_outputs_too(tmp_path: Path) -> None:
    """What they write after its command has ended counts."""
    out = tmp_path / "out"
    parameter = {"name": "p", "path": str(out)}
    both = (member("x"), member("main", awaits=["x"]))
    made = plan(tmp_path, parameters=(parameter,), members=both)
    prepare(made)
    with (
        begin(made, "main", "true"),
        begin(made, "x", "sh", "-c", f"sleep 0.4; echo late >{out}"),
    ):
        main, code = wait_for_all(made)
    assert collect(main, code)["parameters"] == [{"name": "p", "value": "late"}]


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """And no failure of the step; it is not tried again."""
    made = plan(tmp_path, members=(member("a", retries=3, pause=60),))
    prepare(made)
    with begin(made, "a", "no-such-program") as process:
        assert process.wait(30) == 64
    _, code = wait_for_all(made)
    assert code == 64
