"""``demo``: the sample repo on the local control plane, in a folder that may be thrown away."""

from pathlib import Path

from ruleengine.app.applying import ApplyOptions, Delivery, Observers, apply
from ruleengine.app.clusters import ClusterChoice
from ruleengine.model.data import data_folder
from ruleengine.model.errors import FailedError


def run_demo(state: Path, observers: Observers, *, expect_unchanged: bool) -> Delivery:
    """Apply the sample repo, keeping the control plane's state in ``state``.

    Raises ``FailedError`` where ``expect_unchanged`` is true and something was written.
    """
    choice = ClusterChoice(local=True, state=state)
    delivery = apply(data_folder("sample-repo"), choice, ApplyOptions(), observers)
    if expect_unchanged and delivery.writes:
        raise FailedError(
            f"{delivery.writes} writes, where nothing was to change",
            "report this: applying the same commit twice must write nothing",
        )
    return delivery
