"""What of a workflow is not honoured yet, so that running it would mean something else.

Such a workflow is not begun. Fields that change nothing of what its steps do are findings of
``validate`` only. What is honoured stands in one table (:mod:`ruleengine.apimachinery.support`).
"""

from typing import Final

from ruleengine.apimachinery.support import unhonoured
from ruleengine.model.values import Object, Path, format_path

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


def refusals(spec: Object) -> list[str]:
    """Return what of a workflow's spec is not honoured; none where it can be run."""
    return [
        f"'{format_path(path)}' {_REMEDY}"
        for path in unhonoured("Workflow", spec)
        if not _is_harmless(path)
    ]


def _is_harmless(path: Path) -> bool:
    return any(part in _HARMLESS for part in path if isinstance(part, str))
