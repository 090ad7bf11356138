"""The indexes agree with what is stored, whatever happens."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.api.catalog import Catalog
from ruleengine.local.controllers.work import Reader, controller_uid
from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.store import Key
from ruleengine.model.values import Object

NAMESPACES = ("a", "b")
OWNERS = ("one", "two")


LABELS = ({"app": "shop"}, {"tier": "web"}, {"app": "shop", "tier": "web"})


def pod(key: Key, owner: str, labels: Object, *, controls: bool) -> Object:
    """Return a pod that somebody owns, or nobody."""
    references = [{"kind": "Job", "name": owner, "uid": owner, "controller": controls}]
    metadata = {"namespace": key.namespace, "name": key.name, "uid": f"{key.namespace}/{key.name}"}
    owners = references if owner else []
    return {"metadata": {**metadata, "labels": labels, "ownerReferences": owners}}


def service(key: Key, selector: Object) -> Object:
    """Return a Service."""
    metadata = {"namespace": key.namespace, "name": key.name}
    return {"metadata": metadata, "spec": {"selector": selector}}


def written(steps: Iterable[tuple[Key, Object | None]]) -> tuple[MemoryStore, Reader]:
    """Return a store after some writes, ``None`` for a deletion, and a reader that followed."""
    store = MemoryStore()
    reader = Reader(store, Catalog(store))
    for key, value in steps:
        live = store.get(key)
        expected = int(live["metadata"]["resourceVersion"]) if live else 0
        if live is not None or value is not None:
            store.write(key, value, expected=expected)
    for event in store.events(0):
        reader.follow(event)
    return store, reader


STEPS = st.tuples(
    st.builds(Key, st.just("pods"), st.sampled_from(NAMESPACES), st.sampled_from("xyz")),
    st.sampled_from((*OWNERS, "", None)),
    st.sampled_from((*LABELS, {})),
    st.booleans(),
)


@given(st.lists(STEPS, max_size=30))
def test_pods_are_found_by_what_is_said_of_them(
    steps: list[tuple[Key, str | None, Object, bool]],
) -> None:
    """By who controls them, among those that nobody controls, by their labels and their uid."""
    store, reader = written(
        (key, None if owner is None else pod(key, owner, labels, controls=controls))
        for key, owner, labels, controls in steps
    )
    for owner in OWNERS:
        stored = store.list("pods").items
        assert reader.owned(owner, "pods") == [
            one for one in stored if controller_uid(one) == owner
        ]
    for namespace in NAMESPACES:
        stored = store.list("pods", namespace).items
        assert reader.free("pods", namespace) == [one for one in stored if not controller_uid(one)]
        for labels in LABELS:
            held = [one for one in stored if labels.items() <= one["metadata"]["labels"].items()]
            assert reader.pods(namespace, labels) == held
    for one in store.list("pods").items:
        assert reader.resource_of(one["metadata"]["uid"]) == "pods"
    assert reader.resource_of("a/none") == ""


SELECTIONS = st.tuples(
    st.builds(Key, st.just("services"), st.sampled_from(NAMESPACES), st.sampled_from("xyz")),
    st.sampled_from((*LABELS, {"app": "other"}, {}, None)),
)


@given(st.lists(SELECTIONS, max_size=20))
def test_services_are_found_by_the_labels_of_a_pod(steps: list[tuple[Key, Object | None]]) -> None:
    """By what they select now: none that selects the pod is missed, none is told for nothing."""
    store, reader = written(
        (key, None if selector is None else service(key, selector)) for key, selector in steps
    )
    for namespace in NAMESPACES:
        stored = store.list("services", namespace).items
        for labels in LABELS:
            found = reader.services(pod(Key("pods", namespace, "p"), "", labels, controls=False))
            chosen = [one["spec"]["selector"].items() for one in stored]
            for one, selected in zip(stored, chosen, strict=True):
                if one in found:
                    assert selected & labels.items()
                else:
                    assert not selected or not selected <= labels.items()
