"""Who acts on workflows, as the settings of the config repo have it."""

import pytest

from ruleengine.app.acting import workflow_reconciler
from ruleengine.model.configuration import Configuration
from ruleengine.pipelines.executing import UNPRIVILEGED


@pytest.mark.parametrize("local", [False, True])
def test_our_image_and_what_it_gives_up_are_for_clusters(local: bool) -> None:
    """The local control plane runs this very package, in a sandbox of its own."""
    found = workflow_reconciler(Configuration(executor={"image": "reg/ours:1"}), local=local)
    assert found._around.executor == ({} if local else {"image": "reg/ours:1", **UNPRIVILEGED})
