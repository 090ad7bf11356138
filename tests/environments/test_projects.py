"""What an AppProject permits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.environments.projects import (
    check_project,
    effective_project,
    permits_destination,
    permits_kind,
)
from ruleengine.environments.specification import read_specification
from ruleengine.model.actions import Target

OWN = "https://git.example.com/config.git"
ANYWHERE = [{"server": "*", "namespace": "*"}]


def _codes(project: dict | None, *, namespace: str = "ruleengine", **spec: object) -> list[str]:
    value = {"metadata": {"name": "web", "namespace": namespace}, "spec": {"project": "p", **spec}}
    found = check_project(read_specification(value), project, "ruleengine", OWN)
    return [one.code for one in found]


def _project(**spec: object) -> dict:
    return {"spec": {"sourceRepos": ["*"], "destinations": ANYWHERE, **spec}}


@pytest.mark.parametrize(
    ("patterns", "permitted"),
    [
        (["*"], True),
        (["https://example.com/*"], False),
        (["https://example.com/**"], True),
        (["https://EXAMPLE.com/team/shop"], True),
        (["*", "!https://example.com/team/*"], False),
        ([], False),
    ],
)
def test_a_source_needs_one_allow_and_no_deny(patterns: list[str], permitted: bool) -> None:
    """A star stays within one part of the URL, two cross them."""
    source = {"repoURL": "https://example.com/team/shop.git", "path": "a"}
    denied = _codes(_project(sourceRepos=patterns), source=source)
    assert (denied == []) is permitted


def test_the_repo_under_evaluation_is_always_permitted() -> None:
    """The project stands in the same repo as the application."""
    assert _codes(_project(sourceRepos=[]), source={"path": "a"}) == []
    assert _codes(_project(sourceRepos=[]), source={"path": "a", "repoURL": OWN}) == []
    other = {"path": "a", "repoURL": f"{OWN}/other"}
    assert _codes(_project(sourceRepos=[]), source=other) == ["environment-project-denied"]


@pytest.mark.parametrize(
    ("destinations", "permitted"),
    [
        (ANYWHERE, True),
        ([{"server": "https://kubernetes.default.svc", "namespace": "staging"}], True),
        ([{"name": "in-cluster", "namespace": "stag*"}], True),
        ([{"server": "*", "namespace": "production"}], False),
        ([*ANYWHERE, {"server": "*", "namespace": "!staging"}], False),
        ([], False),
    ],
)
def test_a_destination_needs_a_cluster_and_a_namespace(
    destinations: list[dict], permitted: bool
) -> None:
    """An empty list permits nothing, a deny wins."""
    spec = {"destinations": destinations}
    assert permits_destination(spec, {}, "staging") is permitted


@pytest.mark.parametrize(
    ("spec", "kind", "namespaced", "permitted"),
    [
        ({}, "ConfigMap", True, True),
        ({}, "Namespace", False, False),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Name*"}]}, "Namespace", False, True),
        (
            {
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
                "clusterResourceBlacklist": [{"group": "", "kind": "Namespace"}],
            },
            "Namespace",
            False,
            False,
        ),
        ({"namespaceResourceWhitelist": []}, "ConfigMap", True, False),
        ({"namespaceResourceBlacklist": [{"group": "", "kind": "*"}]}, "ConfigMap", True, False),
    ],
)
def test_kinds_are_permitted_by_their_lists(
    spec: dict, kind: str, namespaced: bool, permitted: bool
) -> None:
    """Cluster-scoped kinds must be listed; others are free until a list exists."""
    assert permits_kind(spec, Target("v1", kind, "", "a"), namespaced=namespaced) is permitted


def test_only_the_default_project_need_not_exist() -> None:
    """Until somebody declares it, ``default`` permits everything."""
    missing = read_specification({"spec": {"project": "p"}})
    assert effective_project(missing, None) is None
    assert _codes(None) == ["environment-project-missing"]
    default = read_specification({"spec": {}})
    assert check_project(default, effective_project(default, None), "ruleengine") == ()


@pytest.mark.parametrize(
    ("pattern", "permitted"),
    [
        ("team-*", True),
        ("/^team/", True),
        ("x", False),
        ("/^(a|[a-z]|t)*(-a)*$/", True),
        ("/(/", False),
    ],
)
def test_other_namespaces_need_to_be_permitted(pattern: str, permitted: bool) -> None:
    """Applications outside the control namespace use a project only where it says so."""
    project = _project(sourceNamespaces=[pattern])
    assert (_codes(project, namespace="team-a") == []) is permitted


def test_no_pattern_takes_for_ever() -> None:
    """Neither an expression nor a glob: both are matched without going back."""
    project = _project(sourceNamespaces=["/^(a+)+$/", "*a" * 20 + "b"])
    assert _codes(project, namespace="a" * 60 + "-c") != []


def test_what_a_project_asks_for_and_we_do_not_honour_stops_its_applications() -> None:
    """A sync window that is not kept would be worse than no sync."""
    project = _project(syncWindows=[{"kind": "deny"}])
    assert _codes(project) == ["environment-field-unsupported"]


_WRONG = st.none() | st.integers() | st.text(max_size=2) | st.lists(st.integers(), max_size=2)
_FIELDS = ["sourceRepos", "destinations", "sourceNamespaces", "namespaceResourceBlacklist"]


@given(st.dictionaries(st.sampled_from(_FIELDS), _WRONG) | _WRONG)
def test_a_malformed_project_permits_nothing_and_never_raises(spec: object) -> None:
    """Wrong user data is a problem of the application, not a traceback."""
    assert _codes({"spec": spec}, source={"repoURL": "https://example.com/a"}) != []
