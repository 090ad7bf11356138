"""What differs of a status, and whether the difference is a change of phase."""

from ruleengine.apimachinery.patches import make_merge_patch
from ruleengine.model.values import Object, Value


def status_difference(live: Object, desired: Object | None) -> Object:
    """Return the merge patch that leads to the desired status; empty where nothing does.

    ``desired`` is the whole status; ``None`` leaves it alone.
    """
    if desired is None:
        return {}
    return make_merge_patch(live.get("status") or {}, desired)


def changes_phase(live: Object, desired: Object) -> bool:
    """Tell whether a desired status has a phase somewhere that the live one has not."""
    return _phases(live.get("status")) != _phases(desired)


def _phases(status: Value, depth: int = 3) -> list[str]:
    """Return the texts of a status that say in which phase something is."""
    if not isinstance(status, dict) or not depth:
        return []
    found = [
        f"{name}={status[name]}"
        for name in ("phase", "status")
        if isinstance(status.get(name), str)
    ]
    for name in sorted(status):
        found.extend(f"{name}.{one}" for one in _phases(status[name], depth - 1))
    return found
