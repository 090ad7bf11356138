"""How far a step says that it is: ``N/M``, in a file, or at first in an annotation of its template.

A step that says nothing counts as one piece of work (reference, Workflows 15).
"""

import re
from typing import Final

from ruleengine.formats.json_text import dumps
from ruleengine.model.values import Object, lookup
from ruleengine.pipelines.phases import Phase

PROGRESS: Final = "workflows.argoproj.io/progress"
VARIABLE: Final = "ARGO_PROGRESS_FILE"
"""The variable that names the file to a step."""

FILE: Final = "progress"
_SHAPE: Final = re.compile(r"\s*(\d{1,9})/(\d{1,9})\s*", re.ASCII)
_RUN: Final = ("container", "script", "containerSet")


def is_told(template: Object) -> bool:
    """Tell whether a step says how far it is: it names the variable, or says where it begins."""
    if lookup(template, "metadata", "annotations", PROGRESS):
        return True
    return VARIABLE in dumps([template[one] for one in _RUN if one in template])


def told(pod: Object, result: Object | None) -> str | None:
    """Return how far a step has said that it is; ``None`` where it said nothing of the kind."""
    stated = (lookup(result, "progress"), lookup(pod, "metadata", "annotations", PROGRESS))
    found = [one for one in map(_read, stated) if one is not None]
    return f"{found[0][0]}/{found[0][1]}" if found else None


def at_the_end(told: object) -> str | None:
    """Return what stands for a step that is over, whatever it has said last."""
    found = _read(told)
    return f"{found[1]}/{found[1]}" if found else None


def reached(node: Object) -> tuple[int, int]:
    """Return how much of its work a node has done, and how much there is: all once it is well.

    >>> reached({"phase": "Failed", "progress": "3/10"}), reached({"phase": "Succeeded"})
    ((3, 10), (1, 1))
    """
    done, whole = _read(node.get("progress")) or (0, 1)
    return (whole if node["phase"] == Phase.SUCCEEDED else done), whole


def _read(text: object) -> tuple[int, int] | None:
    found = _SHAPE.fullmatch(str(text)) if text else None
    if found is None:
        return None
    done, whole = int(found[1]), int(found[2])
    return (done, whole) if done <= whole and whole else None
