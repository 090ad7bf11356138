"""Which pods are run: those that ask for it, and those whose outputs somebody waits for."""

from typing import Final

from ruleengine.model.names import ARGO_ANALYSIS_RUN, ARGO_WORKFLOW, RUN
from ruleengine.model.values import Object, lookup

PROCESS: Final = "process"
_NEEDED: Final = (ARGO_WORKFLOW, ARGO_ANALYSIS_RUN)
"""Labels of pods whose outputs are needed: simulated, they would have none."""


def is_process(pod: Object) -> bool:
    """Tell whether a pod runs as processes of this machine, and is never simulated."""
    stated = lookup(pod, "metadata", "annotations", RUN)
    if stated is not None:
        return bool(stated == PROCESS)
    labels = lookup(pod, "metadata", "labels", default={})
    return any(name in labels for name in _NEEDED)
