"""The indexes agree with what is stored, whatever happens."""

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
    store = MemoryStore()
    reader = Reader(store, Catalog(store))
    for key, owner, labels, controls in steps:
        live = store.get(key)
        expected = int(live["metadata"]["resourceVersion"]) if live else 0
        if live is not None or owner is not None:
            value = None if owner is None else pod(key, owner, labels, controls=controls)
            store.write(key, value, expected=expected)
    for event in store.events(0):
        reader.follow(event)
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
