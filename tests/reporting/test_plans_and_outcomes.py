"""Plans and outcomes as people read them."""

from ruleengine.model.actions import (
    ABSENT,
    Action,
    Change,
    Difference,
    Plan,
    PlannedAction,
    Result,
    Target,
    Verb,
)
from ruleengine.model.documents import Origin
from ruleengine.reporting.diff import plan_text, planned_text
from ruleengine.reporting.style import Style
from ruleengine.reporting.tree import Branch, outcomes_text, tree_text
from tests.reporting.samples import PLAN, SECRET_CHANGE, outcome, planned


def test_a_plan_shows_each_field_that_differs() -> None:
    """What is there and what would be stand below the object."""
    assert plan_text(Plan(actions=(planned(),))) == (
        "~ update Deployment/staging/web (apply)"
        "  environments/staging/web.yaml:3 (environment-short-form)\n"
        "    - spec.replicas: 2\n"
        "    + spec.replicas: 3\n"
        "1 to update; 0 objects unchanged\n"
    )


def test_a_field_that_differs_writes_no_line_of_its_own() -> None:
    """Its name is what the document holds."""
    differing = planned(differences=(Difference(("data", "a\n\x1bb"), 2, 3),))
    assert '    - data["a\\n\\x1bb"]: 2\n' in planned_text(differing)


def test_a_plan_masks_secrets() -> None:
    """The names of changed keys are shown, their values are not."""
    text = plan_text(Plan(actions=(SECRET_CHANGE,)))
    assert "data.password" in text
    for value in ("b2xk", "bmV3", "hunter2"):
        assert value not in text


def test_unchanged_objects_are_counted_and_shown_on_request() -> None:
    """A plan stays short."""
    assert "= unchanged" not in plan_text(PLAN)
    assert "= unchanged" in plan_text(PLAN, unchanged=True)


def test_a_plan_without_changes_says_so() -> None:
    """The summary answers the question in words."""
    assert (
        plan_text(Plan(actions=(planned(Change.UNCHANGED),))) == "no change: 1 object unchanged\n"
    )


def test_a_plan_says_what_follows_and_what_is_recorded() -> None:
    """What only apply can tell, and what nobody acts on yet."""
    workflow = Target("argoproj.io/v1alpha1", "Workflow", "ruleengine", "build")
    text = plan_text(Plan(actions=(), then=("render shop-staging",), recorded=(workflow,)))
    assert "then: render shop-staging\n" in text
    assert "1 Workflow" in text


def test_outcomes_hang_below_file_and_document() -> None:
    """The tree tells what became of each file."""
    text = outcomes_text([outcome(Result.UPDATED)])
    assert text == (
        "environments/staging/web.yaml\n"
        "└─ line 3, environment-short-form\n"
        "   └─ Deployment/staging/web  updated\n"
        "1 updated; 1 write\n"
    )


def test_a_failure_shows_its_reason() -> None:
    """The message stands beside the result."""
    text = outcomes_text([outcome(Result.FAILED, message="no such namespace")])
    assert "failed: no such namespace" in text


def test_zero_writes_are_said_in_words() -> None:
    """Applying twice must be visibly idle."""
    assert "zero writes" in outcomes_text([outcome(Result.UNCHANGED, writes=0)])


def test_a_tree_can_be_drawn_in_ascii() -> None:
    """Streams without Unicode get plain lines."""
    roots = [Branch("root", [Branch("a", [Branch("b")]), Branch("c")])]
    assert tree_text(roots, Style(unicode=False)) == "root\n|- a\n|  `- b\n`- c\n"


def test_a_new_object_is_shown_field_by_field_without_our_own_marks() -> None:
    """Its name stands in the line above, and our annotations say nothing new."""
    value = {
        "metadata": {"name": "a", "annotations": {"ruleengine.dev/owner": "repo#x", "mine": "1"}},
        "spec": {"ports": [{"port": 80}], "replicas": 2},
    }
    differences = tuple(Difference((key,), ABSENT, inner) for key, inner in value.items())
    action = Action(verb=Verb.APPLY, target=Target("v1", "Thing", "ns", "a"), manager="m")
    text = planned_text(PlannedAction(action=action, change=Change.CREATE, differences=differences))
    lines = [line.strip() for line in text.splitlines()[1:]]
    assert lines == [
        '+ metadata.annotations.mine: "1"',
        "+ spec.ports[0].port: 80",
        "+ spec.replicas: 2",
    ]


def test_what_comes_with_the_package_is_one_line() -> None:
    """Nobody reads nineteen definitions before the first line of their own."""
    crds = tuple(
        PlannedAction(
            action=Action(
                verb=Verb.APPLY,
                target=Target("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name),
                manager="m",
                origin=Origin(path="<ruleengine>/schemas/crds", line=0),
            ),
            change=Change.CREATE,
        )
        for name in "ab"
    )
    text = plan_text(Plan(actions=crds))
    assert "+ create 2 CustomResourceDefinitions that come with ruleengine\n" in text
    assert text.count("CustomResourceDefinition") == 1
