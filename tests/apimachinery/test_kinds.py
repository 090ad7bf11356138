"""The table of kinds knows what discovery would tell."""

import pytest

from ruleengine.apimachinery.facts import facts
from ruleengine.apimachinery.kinds import SUBRESOURCES, KindTable, argo_kinds, plural_of
from tests.expressions.reading import recorded

CRD = {
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Lamp", "plural": "lamps", "shortNames": ["la"], "categories": ["all"]},
        "versions": [
            {"name": "v1", "served": True, "subresources": {"status": {}}},
            {"name": "v1beta1", "served": False},
        ],
    }
}


def test_a_kind_is_found_by_kind_and_by_resource() -> None:
    """Both ways lead to the same entry."""
    table = KindTable.built_in()
    found = table.find("apps/v1", "Deployment")
    assert found is not None
    assert found is table.find_resource("apps", "v1", "deployments")
    assert (found.api_version, found.short_names) == ("apps/v1", ("deploy",))
    assert table.find("apps/v1", "Deplyment") is None


def test_a_kind_is_called_as_kubectl_calls_it() -> None:
    """By its kind, its singular and plural, a short name, and with its group."""
    found = KindTable.built_in().find("apps/v1", "Deployment")
    assert found is not None
    for word in ("Deployment", "deployment", "Deployments", "deploy", "deployments.apps"):
        assert found.is_called(word)
    for word in ("", "deploymen", "deployments.batch", "apps/v1"):
        assert not found.is_called(word)


def test_every_built_in_kind_agrees_with_the_facts() -> None:
    """Type, scope and the status subresource are those of the facts."""
    types = facts("kubernetes")["types"]
    for kind in KindTable.built_in().resources():
        if kind.kind == "APIService":
            continue
        described = types[kind.type_name]
        assert kind.namespaced is not described.get("cluster", False), kind
        assert described.get("root"), kind
        if "status" in kind.subresources:
            assert "status" in described["fields"], kind


def test_every_subresource_is_described() -> None:
    """Discovery can say what each subresource is."""
    for kind in KindTable.built_in().resources():
        assert set(kind.subresources) <= set(SUBRESOURCES)


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("Endpoints", "endpoints"),
        ("EndpointSlice", "endpointslices"),
        ("StorageClass", "storageclasses"),
    ],
)
def test_a_plural_is_kubernetes_own(kind: str, plural: str) -> None:
    """The resource name in URLs follows the kind."""
    assert plural_of(kind) == plural


@pytest.mark.vectors("events")
def test_the_table_tells_what_triggers_upstream_guess() -> None:
    """Upstream makes a plural of a kind without asking; for Endpoints no server knows it."""
    plurals = {kind.kind: kind.plural for kind in KindTable.built_in().resources()}
    plurals |= {kind.kind: kind.plural for kind in argo_kinds()}
    guessed = {one["in"]["kind"]: one["out"]["result"] for one in recorded("resourcePlural")}
    known = {kind: plurals[kind] for kind in guessed}
    assert known == {**guessed, "Endpoints": "endpoints"}


def test_a_custom_kind_comes_with_its_served_versions_only() -> None:
    """A version that is not served is not there, and the old table stays as it was."""
    table = KindTable.built_in().with_custom([CRD])
    found = table.find("example.com/v1", "Lamp")
    assert found is not None
    assert (found.plural, found.singular, found.subresources) == ("lamps", "lamp", ("status",))
    assert table.find("example.com/v1beta1", "Lamp") is None
    assert KindTable.built_in().find("example.com/v1", "Lamp") is None


def test_argos_kinds_need_no_server() -> None:
    """Scope, plural and type of every Argo kind are known."""
    kinds = {one.kind: one for one in argo_kinds()}
    assert not kinds["ClusterWorkflowTemplate"].namespaced
    assert kinds["EventBus"].plural == "eventbus"
    assert kinds["Application"].type_name == "argoproj.io/cd.Application"
    assert all(one.api_version == "argoproj.io/v1alpha1" for one in kinds.values())
