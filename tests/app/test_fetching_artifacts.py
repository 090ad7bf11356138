"""Artifacts brought to this machine: what is in the way of it is told, and nothing is lost."""

from pathlib import Path

import pytest

from ruleengine.app.pipelines.artifacts import fetch_all, find
from ruleengine.app.pipelines.places import Place
from ruleengine.model.errors import FailedError, UsageError
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.artifacts import Kept
from tests.app.places import WORKFLOW, empty_place, shared

NOWHERE = Path("/proc/nowhere/below")
"""Where nobody can make a folder."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place where a namespace is, and nothing in it."""
    return empty_place(tmp_path)


def kept(**location: Object) -> Kept:
    """Return an artifact of a step that lies somewhere."""
    return Kept(step="make", artifact={"name": "a", **location})


def fetched(place: Place, *wanted: tuple[Kept, Path]) -> list[Path]:
    """Fetch artifacts; return the paths that were told."""
    told: list[Path] = []
    fetch_all(place, WORKFLOW, wanted, lambda _, target: told.append(target))
    return told


def test_folders_above_an_artifact_are_made_and_each_is_told(place: Place, tmp_path: Path) -> None:
    """As they come."""
    targets = [tmp_path / "one" / "a", tmp_path / "two" / "three" / "a"]
    texts = [kept(raw={"data": one.parent.name}) for one in targets]
    assert fetched(place, *zip(texts, targets, strict=True)) == targets
    assert [one.read_text() for one in targets] == ["one", "three"]


def test_two_artifacts_of_one_path_do_not_replace_each_other(place: Place, tmp_path: Path) -> None:
    """Names may differ in signs that paths may not have."""
    target = tmp_path / "a_b"
    with pytest.raises(UsageError, match="is there already"):
        fetched(place, (kept(raw={"data": "1"}), target), (kept(raw={"data": "2"}), target))
    assert target.read_text() == "1"


VOLUME: Object = {"plugin": {"name": "directory", "configuration": "c", "key": "k"}}
PASSWORD = {"name": "s", "key": "k"}
MAYBE = {**PASSWORD, "optional": True}
HTTP = {"url": "http://127.0.0.1:1/a"}
S3 = {"endpoint": "127.0.0.1:1", "insecure": True, "bucket": "kept", "key": "k"}


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ({"s3": {**S3, "accessKeySecret": PASSWORD}}, "the Secret 's' has no key 'k'"),
        ({"http": {**HTTP, "auth": {"basicAuth": {"passwordSecret": MAYBE}}}}, "127.0.0.1"),
        ({"raw": {"data": "x"}, "archive": {"tar": {}}}, "make/a cannot be loaded: "),
        (VOLUME, "the claim c is gone, and its files with it"),
    ],
)
def test_what_cannot_be_fetched_is_told(place: Place, location: Object, told: str) -> None:
    """A Secret that lacks, a store that is silent, no archive, a volume that is gone."""
    with pytest.raises(FailedError, match=told):
        fetched(place, (kept(**location), place.state / "a"))


def test_a_place_that_cannot_be_is_wrong_usage(place: Place) -> None:
    """Also where the folder of its folder cannot be made."""
    with pytest.raises(UsageError, match=f"{NOWHERE}/a cannot be written: No such file"):
        fetched(place, (kept(raw={"data": "x"}), NOWHERE / "a"))


def test_a_volume_of_a_cluster_is_not_read_from_here(place: Place) -> None:
    """It is no folder of this machine."""
    with pytest.raises(FailedError, match="its volume c is on the cluster"):
        fetched(shared(place), (kept(**VOLUME), place.state / "a"))


def test_an_artifact_of_several_steps_is_named_with_its_step() -> None:
    """Or else it is told which there are; what is mistyped, too."""
    pod = {"type": "Pod", "outputs": {"artifacts": [{"name": "log"}]}}
    nodes = {one: {**pod, "id": one, "name": one, "displayName": one} for one in ("first", "last")}
    page = {"outputs": {"artifacts": [{"name": "page"}]}}
    nodes["other"] = {**pod, **page, "id": "other", "name": "other", "displayName": "other"}
    workflow = {**WORKFLOW, "status": {"nodes": nodes}}
    assert find(workflow, "last/log").step == "last"
    for name, remedy in (
        ("log", "name one: first/log, last/log"),
        ("first/lgo", "did you mean first/log?"),
        ("zzz", "there are: first/log, last/log, other/page"),
    ):
        with pytest.raises(UsageError) as raised:
            find(workflow, name)
        assert raised.value.remedy == remedy
