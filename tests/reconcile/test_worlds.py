"""The world: lists by an index find what a look at every object finds, writes included."""

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.actions import Target
from ruleengine.model.values import Object
from ruleengine.reconcile.indexes import OWNER, Kind, in_index
from ruleengine.reconcile.observations import Observations
from ruleengine.reconcile.world import LiveWorld

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


def labelled(name: str, app: str) -> Object:
    """Return a pod with a label."""
    value = pod(0, "u0")
    return {**value, "metadata": {**value["metadata"], "name": name, "labels": {"app": app}}}


def test_a_label_finds_the_objects_that_have_that_value() -> None:
    """Also after the value has changed; an object without the label stands nowhere."""
    observations = Observations(Listed([labelled("a", "web"), labelled("b", "db"), pod(1, "u0")]))
    world = LiveWorld(observations)
    assert [one["metadata"]["name"] for one in world.list(*KIND, index=("label:app", "web"))] == [
        "a"
    ]
    observations.put(labelled("b", "web"))
    found = world.list(*KIND, index=("label:app", "web"))
    assert [one["metadata"]["name"] for one in found] == ["a", "b"]
    assert world.list(*KIND, index=("label:app", "db")) == []


def test_a_list_of_a_namespace_holds_no_other() -> None:
    """With and without an index."""
    observations = Observations(Listed([pod(1, "u0"), pod(2, "u0", namespace="other")]))
    for index in (None, (OWNER, "u0")):
        found = observations.list(*KIND, "other", index)
        assert [one["metadata"]["name"] for one in found] == ["p2"]


def test_what_we_wrote_before_a_kind_was_listed_stays_over_an_older_list() -> None:
    """A newer list takes its place; what we removed stays away until it was seen to go."""
    source = Listed([pod(0, "u0", 3), pod(1, "u0", 9), pod(2, "u0", 3)])
    observations = Observations(source)
    observations.put(pod(0, "u1", 5))
    observations.put(pod(1, "u1", 5))
    observations.get(Target.of(pod(2, "u0")))
    observations.remove(Target.of(pod(2, "u0")))
    versions = {
        one["metadata"]["name"]: one["metadata"]["resourceVersion"]
        for one in observations.list(*KIND)
    }
    assert versions == {"p0": "5", "p1": "9"}
    assert not observations.observe(Target.of(pod(2, "u0")), pod(2, "u0", 4), "4")
    assert observations.observe(Target.of(pod(2, "u0")), None, "6") is False
    assert observations.get(Target.of(pod(2, "u0"))) is None


def test_an_object_that_was_asked_for_and_is_not_there_is_not_asked_for_again() -> None:
    """Until something is seen of it."""
    asked: list[Target] = []

    class Asked(Listed):
        def get(self, target: Target) -> Object | None:
            asked.append(target)
            return None

    observations = Observations(Asked([]))
    place = Target.of(pod(1, "u0"))
    assert observations.get(place) is observations.get(place) is None
    assert asked == [place]
    assert observations.observe(place, pod(1, "u0"), "1")
    assert observations.get(place) == pod(1, "u0")
