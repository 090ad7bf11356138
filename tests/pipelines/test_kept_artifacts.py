"""Which artifacts a workflow made, and where each of them lies."""

import pytest

from ruleengine.model.errors import FailedError
from ruleengine.model.values import Object
from ruleengine.pipelines.verbs.artifacts import Kept, artifacts_of, key_in, location_in
from ruleengine.pipelines.verbs.selecting import parse_selector


def node(name: str, kind: str, *artifacts: Object) -> Object:
    """Return a node that holds artifacts."""
    outputs = {"artifacts": list(artifacts)}
    return {"id": name, "name": name, "displayName": name, "type": kind, "outputs": outputs}


KEYED: Object = {"name": "keyed", "path": "/a", "s3": {"key": "wf/a.tgz"}}
WHOLE: Object = {"name": "whole", "gcs": {"bucket": "b", "key": "k"}, "deleted": True}
REPOSITORY: Object = {"s3": {"bucket": "ours", "endpoint": "minio:9000", "insecure": True}}


def workflow(repository: Object | None = REPOSITORY) -> Object:
    """Return a workflow with artifacts of two steps, which its root shows once more."""
    nodes = [node("wf", "Steps", KEYED), node("wf-1", "Pod", KEYED), node("wf-2", "Pod", WHOLE)]
    reference = {"artifactRepositoryRef": {"artifactRepository": repository}}
    return {
        "metadata": {"name": "wf"},
        "status": {"nodes": {one["id"]: one for one in nodes}, **(reference if repository else {})},
    }


def test_each_artifact_is_listed_with_the_step_that_made_it() -> None:
    """And not once more with those that only hand it on."""
    found = artifacts_of(workflow())
    assert [(one.step, one.name, one.is_deleted) for one in found] == [
        ("wf-1", "keyed", False),
        ("wf-2", "whole", True),
    ]
    assert artifacts_of(workflow(), parse_selector("name=wf-2")) == found[1:]


def test_steps_that_are_shown_under_one_name_are_told_apart() -> None:
    """By their whole names; whoever selects one of them sees it under the same."""
    nodes = [node(f"wf.{one}.make", "Pod", KEYED) for one in ("first", "second")]
    nodes = [{**one, "displayName": "make"} for one in nodes]
    value: Object = {**workflow(), "status": {"nodes": {one["id"]: one for one in nodes}}}
    assert [one.step for one in artifacts_of(value)] == ["first.make", "second.make"]
    selector = parse_selector("name=wf.second.make")
    assert [one.step for one in artifacts_of(value, selector)] == ["second.make"]


def test_a_key_is_completed_by_the_repository_of_the_workflow() -> None:
    """A whole location needs none; without one, a key alone is no place."""
    keyed, whole = artifacts_of(workflow())
    assert location_in(workflow(), keyed)["s3"] == {**REPOSITORY["s3"], "key": "wf/a.tgz"}
    assert location_in(workflow(None), whole) == {"gcs": {"bucket": "b", "key": "k"}}
    assert key_in(workflow(), keyed) == "wf/a.tgz"
    assert key_in(workflow(None), keyed) == ""
    with pytest.raises(FailedError, match="needs an artifact repository"):
        location_in(workflow(None), keyed)


def test_names_of_steps_and_artifacts_lead_out_of_no_folder() -> None:
    """They come from items of loops, which may be anything."""
    assert Kept(step="each(0:../../etc)", artifact={"name": ".."}).path == (
        "each(0:.._.._etc)",
        "_..",
    )
