"""The index of who owns whom agrees with what is stored, whatever happens."""

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.api.catalog import Catalog
from ruleengine.local.controllers.work import Reader, controller_uid
from ruleengine.local.memory_store import MemoryStore
from ruleengine.local.store import Key
from ruleengine.model.values import Object

NAMESPACES = ("a", "b")
OWNERS = ("one", "two")


def pod(key: Key, owner: str, *, controls: bool) -> Object:
    """Return a pod that somebody owns, or nobody."""
    references = [{"kind": "Job", "name": owner, "uid": owner, "controller": controls}]
    metadata = {"namespace": key.namespace, "name": key.name}
    return {"metadata": {**metadata, "ownerReferences": references if owner else []}}


STEPS = st.tuples(
    st.builds(Key, st.just("pods"), st.sampled_from(NAMESPACES), st.sampled_from("xyz")),
    st.sampled_from((*OWNERS, "", None)),
    st.booleans(),
)


@given(st.lists(STEPS, max_size=30))
def test_pods_are_found_by_who_controls_them(steps: list[tuple[Key, str | None, bool]]) -> None:
    """Each by its owner, or among those that nobody controls."""
    store = MemoryStore()
    reader = Reader(store, Catalog(store))
    for key, owner, controls in steps:
        live = store.get(key)
        expected = int(live["metadata"]["resourceVersion"]) if live else 0
        if live is not None or owner is not None:
            value = None if owner is None else pod(key, owner, controls=controls)
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
        assert reader.free_pods(namespace) == [one for one in stored if not controller_uid(one)]
