"""The containers of a set: each has a folder of its own beside those of the others.

They find out by these folders when others have ended. One that was killed leaves no word, so
whoever waits for them all leaves it in its name.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ruleengine.step.leaving import leave
from ruleengine.step.plan import Plan
from ruleengine.step.watching import ends

MAIN: Final = "main"
_FOLDER: Final = "ctr"
_KILLED: Final = 137


def members(plan: Plan) -> Iterator[Plan]:
    """Yield what has to be done for each container of a set; only ``main`` has outputs."""
    for one in plan.members:
        folder = plan.directory / _FOLDER / str(one["name"])
        if one["name"] == MAIN:
            yield replace(plan, directory=folder, members=(one,))
        else:
            nothing: Plan = replace(plan, result=False, parameters=(), artifacts=(), logs={})
            yield replace(nothing, directory=folder, members=(one,))


def wait_for_all(plan: Plan) -> tuple[Plan, int | None]:
    """Wait for the end of every container; return the plan of ``main``, and how they ended.

    The end of all is that of the first that failed, ``None`` if it was killed. Without a ``main``
    the plan has no outputs. Raises ``StepError`` where nobody can see an end any more.
    """
    waiting = list(members(plan))
    main = next((one for one in waiting if one.members[0]["name"] == MAIN), waiting[0])
    codes = []
    for folder, code in ends(one.directory for one in waiting):
        codes.append(code)
        if code is None:
            leave(folder, "exit-code", str(_KILLED))
    wrong = [code for code in codes if code != 0]
    return main, wrong[0] if wrong else 0
