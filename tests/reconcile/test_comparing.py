"""Two revisions compared without a cluster."""

from ruleengine.model.actions import Change
from ruleengine.reconcile.comparing import compare_revisions
from tests.reconcile.kit import config_map


def declared(*objects: dict) -> list:
    """Return objects without a place."""
    return [(one, None) for one in objects]


def test_what_changed_between_two_revisions_is_a_plan() -> None:
    """Created, updated, unchanged and deleted objects, in the order of an apply."""
    old = declared(config_map("a", x="1"), config_map("b"), config_map("gone"))
    new = declared(config_map("a", x="2"), config_map("b"), config_map("new"))
    plan = compare_revisions(old, new)
    changes = {one.action.target.name: one.change for one in plan.actions}
    assert changes == {
        "a": Change.UPDATE,
        "b": Change.UNCHANGED,
        "new": Change.CREATE,
        "gone": Change.DELETE,
    }
    assert plan.actions[-1].action.target.name == "gone"


def test_a_revision_compared_with_itself_changes_nothing() -> None:
    """Whatever it holds."""
    objects = declared(config_map("a", x="1"), {"apiVersion": "v1", "kind": "Namespace"})
    assert compare_revisions(objects, objects).changes == ()


def test_values_of_secrets_are_masked() -> None:
    """In both directions."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "n"},
        "stringData": {"password": "hunter2"},
    }
    for old, new in (([], [secret]), ([secret], [])):
        shown = repr(compare_revisions(declared(*old), declared(*new)).actions)
        assert "hunter2" not in shown
        assert "aHVudGVyMg" not in shown


def test_canonical_forms_are_equal() -> None:
    """A quantity written in another way is no change."""

    def quota(cpu: object) -> dict:
        return {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "q", "namespace": "n"},
            "spec": {"hard": {"cpu": cpu}},
        }

    assert compare_revisions(declared(quota("1000m")), declared(quota("1"))).changes == ()
