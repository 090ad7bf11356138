"""What every reconciler has to keep, as checks that any test may call."""

from datetime import datetime

from ruleengine.model.decisions import Decision, Reconciler, World
from ruleengine.model.values import Object


def assert_memo_changes_nothing(
    reconciler: Reconciler, value: Object, world: World, now: datetime, memo: object
) -> Decision:
    """Decide with a memo, without one and with the fresh one; all three are the same.

    ``memo`` is that of any earlier decision about the object. Returns the decision.
    """
    fresh = reconciler.decide(value, world, now, None)
    assert reconciler.decide(value, world, now, memo) == fresh
    assert reconciler.decide(value, world, now, fresh.memo) == fresh
    return fresh
