"""The containers of a set: each has a folder of its own beside those of the others.

They find out by these folders when others have ended. One that was killed leaves no word, so
whoever waits for them all leaves it in its name.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from ruleengine.step.plan import Plan

MAIN: Final = "main"
_FOLDER: Final = "ctr"
_KILLED: Final = 137
_PAUSE: Final = 0.05


def members(plan: Plan) -> Iterator[Plan]:
    """Yield what has to be done for each container of a set; only ``main`` has outputs."""
    for one in plan.members:
        folder = plan.directory / _FOLDER / str(one["name"])
        if one["name"] == MAIN:
            yield replace(plan, directory=folder, members=(one,))
        else:
            nothing: Plan = replace(plan, result=False, parameters=(), artifacts=(), logs={})
            yield replace(nothing, directory=folder, members=(one,))


def wait_for_all(
    plan: Plan,
    look: Callable[[Plan], tuple[bool, int | None]],
    pause: Callable[[float], None] = time.sleep,
) -> tuple[Plan, int | None]:
    """Wait for the end of every container; return the plan of ``main``, and how they ended.

    ``look`` tells whether a container has ended, and its exit code (``None``: it was killed).
    The end of all is that of the first that failed. Without a ``main`` the plan has no outputs.
    """
    waiting = list(members(plan))
    main = next((one for one in waiting if one.members[0]["name"] == MAIN), waiting[0])
    codes: dict[Path, int | None] = {}
    while len(codes) < len(waiting):
        for one in waiting:
            if one.directory in codes:
                continue
            ended, code = look(one)
            if ended:
                codes[one.directory] = code
                if code is None:
                    (one.directory / "exit-code").write_text(str(_KILLED), encoding="ascii")
        pause(_PAUSE)
    wrong = [code for code in codes.values() if code != 0]
    return main, wrong[0] if wrong else 0
