"""Who acts on workflows, as the settings of the config repo have it."""

import pytest

from ruleengine.app.acting import workflow_reconciler
from ruleengine.model.configuration import Configuration


@pytest.mark.parametrize(("local", "executor"), [(False, {"image": "reg/ours:1"}), (True, {})])
def test_our_image_is_for_clusters(local: bool, executor: dict[str, str]) -> None:
    """The local control plane runs this very package."""
    found = workflow_reconciler(Configuration(executor={"image": "reg/ours:1"}), local=local)
    assert found._around.executor == executor
