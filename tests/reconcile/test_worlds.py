"""The world: lists by an index find what a look at every object finds, writes included."""

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.actions import Target
from ruleengine.model.values import Object
from ruleengine.reconcile.world import OWNER, Kind, LiveWorld, Observations, in_index

KIND = ("v1", "Pod")


def pod(number: int, uid: str, version: int = 1, namespace: str = "shop") -> Object:
    """Return a pod with an owner."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"p{number}",
            "namespace": namespace,
            "resourceVersion": str(version),
            "uid": f"uid-{number}",
            "ownerReferences": [{"uid": uid}],
        },
    }


class Listed:
    """A source with some objects."""

    def __init__(self, objects: Sequence[Object]) -> None:
        self._objects = objects

    def get(self, target: Target) -> Object | None:
        """Return one object."""
        return next((one for one in self._objects if Target.of(one) == target), None)

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> Iterable[Object]:
        """Return all objects."""
        del api_version, kind, follow
        return self._objects

    def kinds(self) -> Sequence[Kind]:
        """Return the one kind."""
        return (KIND,)


uids = st.sampled_from(["u0", "u1"])
steps = st.tuples(st.sampled_from(["put", "remove", "observe", "gone"]), st.integers(0, 3), uids)


@given(start=st.lists(uids, max_size=4), doing=st.lists(steps, max_size=12))
def test_an_index_finds_what_looking_at_every_object_finds(
    start: list[str], doing: list[tuple[str, int, str]]
) -> None:
    """After any writes of ours and any observations."""
    observations = Observations(Listed([pod(n, uid) for n, uid in enumerate(start)]))
    world = LiveWorld(observations)
    world.list(*KIND)
    for version, (verb, number, uid) in enumerate(doing, start=2):
        value = pod(number, uid, version)
        match verb:
            case "put":
                observations.put(value)
            case "remove":
                observations.remove(Target.of(value))
            case "observe":
                observations.observe(Target.of(value), value, str(version))
            case "gone":
                observations.observe(Target.of(value), None, str(version))
    everything = world.list(*KIND)
    assert [one["metadata"]["name"] for one in everything] == sorted(
        one["metadata"]["name"] for one in everything
    )
    for uid in ("u0", "u1", "u2"):
        expected = [one for one in everything if in_index(one, (OWNER, uid))]
        assert world.list(*KIND, index=(OWNER, uid)) == expected
        assert world.list("", "", index=(OWNER, uid)) == expected
    for one in everything:
        assert world.get(Target.of(one)) == one
