"""Two documents never declare one object."""

from ruleengine.model.actions import Target
from ruleengine.model.findings import Place
from ruleengine.validation.identities import duplicates, identity_of, rendered_identity


def _target(version: str = "apps/v1", namespace: str = "shop", cluster: str = "") -> Target:
    return Target(version, "Deployment", namespace, "web", cluster)


def test_a_duplicate_names_both_ends() -> None:
    """Each of the two gets a finding that points at the other."""
    first, second = duplicates(
        [identity_of(_target(), Place("b.yaml", 4)), identity_of(_target(), Place("a.yaml", 1))]
    )
    assert (first.place, first.related[0].place) == (Place("a.yaml", 1), Place("b.yaml", 4))
    assert (second.place, second.related[0].place) == (Place("b.yaml", 4), Place("a.yaml", 1))
    assert "Deployment/shop/web" in first.message


def test_another_version_of_the_group_is_the_same_object() -> None:
    """Kubernetes stores one object for all versions of a kind."""
    both = [_target("apps/v1"), _target("apps/v1beta1")]
    assert len(duplicates(identity_of(one, Place("a.yaml", 1)) for one in both)) == 1 + 1


def test_namespace_and_cluster_tell_objects_apart() -> None:
    """The same name elsewhere is another object."""
    all_three = [_target(), _target(namespace="other"), _target(cluster="east")]
    assert not duplicates(
        identity_of(one, Place("a.yaml", line)) for line, one in enumerate(all_three)
    )


def test_of_many_copies_only_a_few_are_named() -> None:
    """Otherwise a file of a thousand copies would take a million lines."""
    copies = [identity_of(_target(), Place("a.yaml", line)) for line in range(1, 1001)]
    found = duplicates(copies)
    assert len(found) == len(copies)
    assert {len(one.related) for one in found} == {5}
    assert all(one.place not in {other.place for other in one.related} for one in found)


def test_an_application_shares_with_others_only() -> None:
    """What two of its sources declare is its own, and what a document declares is another thing."""
    place, manifests = Place("a.yaml", 1), [Place("apps/web.yaml", line) for line in (1, 9)]
    own = [rendered_identity(_target(), place, one) for one in manifests]
    assert not duplicates([*own, identity_of(_target(), Place("b.yaml", 1))])
    other = rendered_identity(_target(), Place("c.yaml", 4), manifests[0])
    first, second = duplicates([*own, other])
    assert (first.code, first.place, second.place) == ("identity-object-shared", place, other.place)
