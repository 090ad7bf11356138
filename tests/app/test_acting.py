"""Who acts on workflows, as the settings of the config repo have it."""

import pytest

from ruleengine.app.acting import workflow_reconciler
from ruleengine.model.configuration import Configuration
from ruleengine.model.errors import UsageError
from ruleengine.pipelines.executing import UNPRIVILEGED
from tests.pipelines.worlds import world_of


@pytest.mark.parametrize("local", [False, True])
def test_our_image_and_what_it_gives_up_are_for_clusters(local: bool) -> None:
    """The local control plane runs this very package, in a sandbox of its own."""
    found = workflow_reconciler(Configuration(executor={"image": "reg/ours:1"}), local=local)
    assert found._around.executor == ({} if local else {"image": "reg/ours:1", **UNPRIVILEGED})


def test_a_workflow_that_breaks_a_rule_has_failed_before_it_began() -> None:
    """Also where nobody validated it; nothing of it runs."""
    work = "{name: work, container: {image: alpine, command: [work]}}"
    steps = "[[{name: a, template: work}], [{name: b, template: none}]]"
    world = world_of(f"entrypoint: main\ntemplates: [{work}, {{name: main, steps: {steps}}}]")
    found = workflow_reconciler(Configuration(), local=True)
    decision = found.decide(world.workflow(), world, world.now, None)
    assert decision.status is not None
    assert (decision.status["phase"], decision.status["message"]) == (
        "Failed",
        "invalid spec: spec.templates[1].steps[1][0].template: there is no template 'none'",
    )
    assert [one.target.kind for one in decision.actions] == ["Workflow"]


def test_which_errors_pass_is_read_where_the_controller_of_argo_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pattern that is none is told before anything runs."""
    assert workflow_reconciler(Configuration(), local=True)._around.transient == ""
    monkeypatch.setenv("TRANSIENT_ERROR_PATTERN", "no space left")
    assert workflow_reconciler(Configuration(), local=True)._around.transient == "no space left"
    monkeypatch.setenv("TRANSIENT_ERROR_PATTERN", "no (space")
    with pytest.raises(UsageError, match="TRANSIENT_ERROR_PATTERN is no regular expression"):
        workflow_reconciler(Configuration(), local=True)


def test_expressions_in_tags_cannot_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who counts on that is told before anything runs; to leave them on changes nothing."""
    monkeypatch.setenv("EXPRESSION_TEMPLATES", "true")
    assert workflow_reconciler(Configuration(), local=True)
    monkeypatch.setenv("EXPRESSION_TEMPLATES", "false")
    with pytest.raises(UsageError, match="EXPRESSION_TEMPLATES=false is not supported"):
        workflow_reconciler(Configuration(), local=True)
