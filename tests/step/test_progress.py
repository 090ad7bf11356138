"""How far a step says it is: told while it runs, and with everything else at its end."""

import queue
from pathlib import Path

from ruleengine.step.plan import StepError
from ruleengine.step.progress import progress_of, telling
from ruleengine.step.waiting import wait
from tests.step.planes import plan
from tests.step.test_wrapping import begin

LONG = 30.0


def test_what_a_step_says_is_told_while_it_runs_and_once_each(tmp_path: Path) -> None:
    """What cannot be told is tried again."""
    made = plan(tmp_path, progress=True)
    told: queue.Queue[str] = queue.Queue()
    refusals = [StepError("not now")]

    def tell(said: str) -> None:
        if refusals:
            raise refusals.pop()
        told.put(said)

    script = f"echo 1/3 >{tmp_path}/progress; until [ -e {tmp_path}/go ]; do sleep 0.01; done"
    again = f"echo 2/3 >>{tmp_path}/progress; until [ -e {tmp_path}/end ]; do sleep 0.01; done"
    with (
        telling(made, tell, pause=0.01),
        begin(made, "sh", "-c", f"{script}; {again}; echo 3/3 >{tmp_path}/progress"),
    ):
        assert told.get(timeout=LONG) == "1/3"
        (tmp_path / "go").touch()
        assert told.get(timeout=LONG) == "2/3"
        (tmp_path / "end").touch()
        assert wait(made) == 0
    assert progress_of(made) == "3/3"
    assert refusals == []
    assert set(told.queue) <= {"3/3"}


def test_who_is_not_asked_or_says_nothing_tells_nothing(tmp_path: Path) -> None:
    """A file of that name may be there all the same."""
    told: list[str] = []
    (tmp_path / "progress").write_text("1/3")
    with telling(plan(tmp_path), told.append, pause=0.0):
        assert progress_of(plan(tmp_path)) == ""
    (tmp_path / "progress").write_bytes(b"\n")
    assert progress_of(plan(tmp_path, progress=True)) == ""
    assert told == []
