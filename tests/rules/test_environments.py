"""Short forms in environments/ are Applications, as design section 4 says."""

from ruleengine.model.findings import Place
from tests.rules.helpers import evaluated, objects


def test_a_path_alone_is_a_complete_environment() -> None:
    """Name, project, destination and sync policy come from the path and the convention."""
    found = objects("environments/staging/guestbook.yaml", "source: {path: apps/guestbook}\n")
    application = found["Application/guestbook-staging"]
    assert application["metadata"]["namespace"] == "ruleengine"
    assert application["spec"] == {
        "project": "default",
        "source": {"path": "apps/guestbook"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "staging"},
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "syncOptions": ["CreateNamespace=true"],
        },
    }


def test_a_null_leaves_a_convention_out() -> None:
    """``automated: null`` makes syncing manual; defaults do not bring it back."""
    found = objects(
        "environments/staging/web.yaml",
        "source: {path: apps/web}\nsyncPolicy: {automated: null}\n",
        defaults={"Application": {"spec": {"syncPolicy": {"automated": {"prune": False}}}}},
    )
    assert found["Application/web-staging"]["spec"]["syncPolicy"] == {
        "syncOptions": ["CreateNamespace=true"]
    }


def test_the_path_of_a_source_is_a_located_reference() -> None:
    """A path of this repo is pointed at from where it is written."""
    found = evaluated("environments/staging/web.yaml", "# why\nsource: {path: apps/web}\n")
    (reference,) = [one for one in found.references if one.kind == "Path"]
    assert (reference.name, reference.place) == (
        "apps/web",
        Place("environments/staging/web.yaml", 2, 16),
    )


def test_a_short_form_directly_in_environments_is_a_finding() -> None:
    """No folder says which environment it is for."""
    found = evaluated("environments/web.yaml", "source: {path: apps/web}\n")
    assert [one.code for one in found.findings] == ["rule-convention-unmet"]
    assert found.derived == ()
