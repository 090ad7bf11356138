"""What of a workflow is not honoured yet, so that running it would mean something else.

Such a workflow is not begun. Fields that change nothing of what its steps do are findings of
``validate`` only. What is honoured stands in one table (:mod:`ruleengine.apimachinery.support`).
"""

from typing import Final

from ruleengine.apimachinery.support import unhonoured
from ruleengine.model.values import Object, Path, Value, format_path

_HARMLESS: Final = frozenset(
    {
        "archiveLogs",
        "archiveLocation",
        "artifactGC",
    }
)
"""Fields about what is around the steps; without them a workflow comes to the same end."""

_REMEDY: Final = (
    "is not honoured by the native engine yet; leave it out, or use engine handover where "
    "Argo's controllers run"
)

_MOST_DEPTH: Final = 100
"""As in the files of a repo; an API server takes more, and each level is gone through by each."""

_FLATTEN: Final = "give templates that stand `inline` names of their own"


def refusals(spec: Object) -> list[str]:
    """Return what of a workflow's spec is not honoured; none where it can be run."""
    if _is_deeper(spec, _MOST_DEPTH):
        return [f"the spec is nested deeper than {_MOST_DEPTH} levels: {_FLATTEN}"]
    return [
        f"'{format_path(path)}' {_REMEDY}"
        for path in unhonoured("Workflow", spec)
        if not _is_harmless(path)
    ]


def _is_deeper(spec: Value, most: int) -> bool:
    """Tell whether a value has more levels than this; whoever calls itself would not come back."""
    level: list[Value] = [spec]
    for _ in range(most):
        found = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for inner in found for one in inner if isinstance(one, dict | list)]
        if not level:
            return False
    return True


def _is_harmless(path: Path) -> bool:
    return any(part in _HARMLESS for part in path if isinstance(part, str))
