"""The rules of artifacts, one by one: what is said of them, and where they are seen.

(Reference, Workflows 14.)
"""

from typing import Any

import pytest

from ruleengine.model.values import Object
from ruleengine.pipelines.arguments import bind, passed_artifact
from ruleengine.pipelines.artifacts import (
    Archive,
    ArtifactWork,
    archive_of,
    inputs_of,
    outputs_of,
    own_inputs_of,
    whole_location,
)
from ruleengine.pipelines.locations import (
    is_whole,
    joined,
    key_of,
    location_of,
    with_key,
    without_location,
)
from ruleengine.pipelines.mounting import (
    StoreAccess,
    input_volumes,
    loading_mounts,
    main_mounts,
    placed,
)
from ruleengine.pipelines.problems import NodeError
from ruleengine.pipelines.repositories import Repository
from tests.pipelines.worlds import run

KNOWN: Object = {"workflow.name": "wf", "pod.name": "pod"}
BUCKET: Object = {"s3": {"bucket": "b"}}
USUAL = Archive(location={"s3": {"bucket": "b", "key": "wf/pod"}})


def in_bucket(key: str) -> Object:
    """Return a whole location."""
    return {"s3": {"bucket": "b", "key": key}}


def artifact(**more: Any) -> Object:
    """Return an artifact with a whole location and a path."""
    return {"name": "a", "path": "/a", **in_bucket("k"), **more}


SAID_OF_INPUTS = {
    "mode": 0o755,
    "recurseMode": True,
    "optional": True,
    "archive": {"none": {}},
}


@pytest.mark.parametrize("name", SAID_OF_INPUTS)
def test_what_is_said_of_an_input_reaches_whoever_loads_it(name: str) -> None:
    """Its mode, and that of all inside, whether it may be missing, and how it is packed."""
    said = {name: SAID_OF_INPUTS[name]}
    found = inputs_of({"inputs": {"artifacts": [artifact(**said)]}}, None)
    assert found == ({"name": "a", **said, "path": "/a", "location": in_bucket("k")},)
    bound = bind({"inputs": {"artifacts": [artifact(**said)]}}, {}, lambda *_: None)
    assert bound["artifacts"] == [artifact(**said)]


SAID_OF_OUTPUTS = {
    "globalName": "g",
    "optional": True,
    "archive": {"tar": {"compressionLevel": 0}},
    "artifactGC": {"strategy": "Never"},
}


@pytest.mark.parametrize("name", SAID_OF_OUTPUTS)
def test_what_is_said_of_an_output_reaches_whoever_keeps_it(name: str) -> None:
    """Also the level of compression, and what becomes of it."""
    said = {name: SAID_OF_OUTPUTS[name]}
    (found,) = outputs_of({"outputs": {"artifacts": [artifact(**said)]}}, None)
    place = {"location": in_bucket("k"), "reported": in_bucket("k")}
    assert found == {"name": "a", **said, "path": "/a", **place}


def test_a_path_is_taken_as_it_is_meant() -> None:
    """A slash at its end says nothing."""
    (found,) = inputs_of({"inputs": {"artifacts": [artifact(path="/a/./b/")]}}, None)
    assert found["path"] == "/a/b"


def test_a_part_is_below_the_key_wherever_the_location_comes_from() -> None:
    """Of its own, of an argument, and of an artifact that is passed: once."""
    assert whole_location(artifact(subPath="x"), None) == in_bucket("k/x")
    bare = {"name": "a", "path": "/a"}
    inputs = {"inputs": {"artifacts": [{**bare, "subPath": "own"}]}}
    given: Object = {"artifacts": [{"name": "a", **in_bucket("k"), "subPath": "x"}]}
    (bound,) = bind(inputs, given, lambda *_: None)["artifacts"]
    assert whole_location(bound, None) == in_bucket("k/x")
    given = {"artifacts": [{"name": "a", **in_bucket("k")}]}
    (bound,) = bind(inputs, given, lambda *_: None)["artifacts"]
    assert whole_location(bound, None) == in_bucket("k")


PASSED: list[tuple[Object, Object, Object | None]] = [
    ({"from": "{{x}}"}, in_bucket("k"), in_bucket("k")),
    ({"from": " {{ x }} "}, in_bucket("k"), in_bucket("k")),
    ({"from": "x"}, in_bucket("k"), in_bucket("k")),
    ({"from": "{{x}}", "subPath": "p"}, in_bucket("k"), in_bucket("k/p")),
    ({"from": "{{x}}"}, {**in_bucket("k"), "subPath": "p"}, in_bucket("k")),
    (
        {"from": "{{x}}"},
        {**in_bucket("k"), "archive": {"none": {}}},
        {**in_bucket("k"), "archive": {"none": {}}},
    ),
    ({"from": "{{x}}"}, {**in_bucket("k"), "deleted": True}, {**in_bucket("k"), "deleted": True}),
    ({"from": "{{x}}"}, {**in_bucket("k"), "mode": 1, "path": "/p", "name": "n"}, in_bucket("k")),
    ({"from": "{{x}}", "globalName": "g"}, in_bucket("k"), {**in_bucket("k"), "globalName": "g"}),
    (
        {"from": "{{x}}", "artifactGC": {"strategy": "Never"}},
        in_bucket("k"),
        {**in_bucket("k"), "artifactGC": {"strategy": "Never"}},
    ),
    ({"from": "{{x}}", "optional": True}, {"name": "n"}, None),
    ({"from": "{{x}}"}, {"name": "n"}, None),
    ({"fromExpression": "x"}, {"name": "n"}, None),
    ({"fromExpression": "x"}, in_bucket("k"), in_bucket("k")),
    ({"fromExpression": "nil"}, {}, None),
    ({**in_bucket("k")}, {}, in_bucket("k")),
]


@pytest.mark.parametrize(("stated", "taken", "expected"), PASSED)
def test_an_artifact_that_is_passed_lies_where_the_other_does(
    stated: Object, taken: Object, expected: Object | None
) -> None:
    """It keeps how that is packed and that it is gone, and nothing else of it."""
    found = passed_artifact({"name": "a", **stated}, {"x": taken})
    assert found == (None if expected is None else {"name": "a", **expected})


@pytest.mark.parametrize("stated", [{"from": "{{y}}"}, {"from": "{{x}}"}, {"fromExpression": "x"}])
def test_what_is_taken_from_no_artifact_is_an_error(stated: Object) -> None:
    """Nothing is known of it, or it is a text."""
    with pytest.raises(NodeError, match="which is none"):
        passed_artifact({"name": "a", **stated}, {"x": "text"})


def test_no_inputs_are_bound_where_none_are_declared() -> None:
    """Whatever is passed."""
    given = {"parameters": [{"name": "p", "value": "1"}], "artifacts": [artifact()]}
    assert bind({}, given, lambda *_: None) == {}


OWN: Object = {"archiveLocation": {"s3": {"bucket": "own"}}}
REPOSITORY = Repository(location=BUCKET, key_format="{{workflow.name}}/x", archives_logs=False)


@pytest.mark.parametrize(
    ("template", "repository", "location", "usual"),
    [
        ({}, None, None, None),
        ({}, REPOSITORY, in_bucket("wf/x"), True),
        ({"archiveLocation": {"s3": {"key": "k"}}}, REPOSITORY, in_bucket("k"), True),
        ({"archiveLocation": {"archiveLogs": True}}, REPOSITORY, in_bucket("wf/x"), True),
        (OWN, REPOSITORY, {"s3": {"bucket": "own", "key": "wf/x"}}, False),
        (OWN, None, {"s3": {"bucket": "own", "key": "wf/pod"}}, False),
        ({"archiveLocation": in_bucket("k")}, REPOSITORY, in_bucket("k"), False),
    ],
)
def test_a_template_says_where_its_artifacts_go_else_the_repository(
    template: Object, repository: Repository | None, location: Object | None, *, usual: bool | None
) -> None:
    """A key alone names the folder; without one it is that of the workflow and its pod."""
    found = archive_of(template, repository, KNOWN)
    assert found == (None if location is None else Archive(location=location, is_usual=bool(usual)))


PLACES: list[tuple[Object, str]] = [
    ({"s3": {"bucket": "b"}}, "key"),
    ({"gcs": {"bucket": "b"}}, "key"),
    ({"oss": {"bucket": "b"}}, "key"),
    ({"azure": {"container": "c"}}, "blob"),
    ({"hdfs": {"addresses": ["a:1"]}}, "path"),
    ({"plugin": {"name": "p"}}, "key"),
    ({"artifactory": {"url": "https://a/b"}}, "url"),
]


@pytest.mark.parametrize(("place", "key"), PLACES)
def test_a_location_says_its_place_by_the_names_of_its_kind(place: Object, key: str) -> None:
    """What says a key and nothing else relies on a repository."""
    ((kind, stated),) = place.items()
    assert is_whole(place)
    assert not is_whole({kind: {key: "k"}})
    assert key_of({kind: {**stated, key: "k"}}) == "k"
    assert with_key(place, "other") == {kind: {**stated, key: "other"}}
    assert location_of({"name": "a", **place}) == place
    assert without_location({"name": "a", **place}) == {"name": "a"}


@pytest.mark.parametrize(
    "place", [{"http": {"url": "u"}}, {"git": {"repo": "r"}}, {"raw": {"data": ""}}]
)
def test_a_location_without_a_key_is_whole_as_it_is(place: Object) -> None:
    """And keeps what it says."""
    assert is_whole(place)
    assert (key_of(place), with_key(place, "other")) == ("", place)
    assert location_of(place) == place
    assert not is_whole({})


FROM_WEB = """
entrypoint: main
templates:
- name: main
  inputs:
    parameters: [{name: at, value: "%s"}]
    artifacts: [{name: a, path: /a, %s}]
  container: {image: alpine, command: [work]}
"""


@pytest.mark.parametrize("where", ["http: {url: '{{inputs.parameters.at}}'}", "http: {}"])
@pytest.mark.parametrize("kind", ["http: {url", "git: {repo"])
def test_an_address_that_is_empty_is_none(kind: str, where: str) -> None:
    """So an optional artifact is not loaded, and another one was not supplied; as in Argo."""
    where = where.replace("http: {url", kind)
    world = run(FROM_WEB % ("", f"{where}, optional: true"))
    assert world.status("phase") == "Succeeded"
    assert "initContainers" not in world.pods()[0]["spec"]
    world = run(FROM_WEB % ("", where))
    assert world.node("wf")["message"] == "inputs.artifacts.a was not supplied"
    if "at" in where:
        world = run(FROM_WEB % ("https://x", f"{where}, optional: true"))
        (init,) = world.pods()[0]["spec"]["initContainers"]
        assert "https://x" in str(init["env"])


def test_a_plugin_without_a_name_is_the_repository() -> None:
    """As any key alone is."""
    stated = {"name": "a", "path": "/a", "plugin": {"key": "k"}}
    template = {"outputs": {"artifacts": [stated]}}
    archive = Archive(location=in_bucket("folder"))
    (found,) = outputs_of(template, archive)
    assert (found["location"], found["reported"]) == (in_bucket("k"), {"s3": {"key": "k"}})


def test_every_place_that_is_read_or_written_is_known() -> None:
    """So that all their Secrets and claims are there, those of the logs as well."""
    one, two, three = ({"location": in_bucket(key)} for key in "xyz")
    work = ArtifactWork(inputs=(one,), outputs=(two,), logs=three)
    assert work.locations == [in_bucket(key) for key in "xyz"]
    assert ArtifactWork(logs=three).is_kept
    assert ArtifactWork(outputs=(two,)).is_kept
    assert not ArtifactWork(inputs=(one,)).is_kept


def test_the_artifact_that_is_listed_has_a_name() -> None:
    """Its own, or that of its field."""
    source = {"source": {"artifactPaths": {"s3": {"key": "k"}}}}
    assert own_inputs_of({"data": source}, USUAL) == (
        {"name": "artifactPaths", "location": in_bucket("k")},
    )


def test_what_has_no_place_and_no_repository_is_named() -> None:
    """An input as well as an output."""
    with pytest.raises(NodeError, match="the artifact 'a' needs an artifact repository"):
        whole_location({"name": "a", "s3": {"key": "k"}}, None)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [("a/", "/b", "a/b"), ("a", "b", "a/b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")],
)
def test_keys_are_joined_by_one_slash(first: str, second: str, expected: str) -> None:
    """Either may be empty."""
    assert joined(first, second) == expected


def test_what_has_no_key_keeps_none() -> None:
    """A repository of Git, a text."""
    assert with_key({"git": {"repo": "r"}}, "k") == {"git": {"repo": "r"}}
    assert key_of({"git": {"repo": "r"}}) == ""
    assert key_of({"s3": {"bucket": "b"}}) == ""
    assert without_location(artifact(optional=True)) == {
        "name": "a",
        "path": "/a",
        "optional": True,
    }


WORK: Object = {"name": "work", "mountPath": "/work/", "readOnly": True, "subPath": "s"}
INNER: Object = {"name": "inner", "mountPath": "/work/in"}
OTHER: Object = {"name": "other", "mountPath": "/other"}


def at(*paths: str) -> list[Object]:
    """Return inputs by their paths, called by numbers."""
    return [{"name": str(number), "path": path} for number, path in enumerate(paths)]


def test_an_input_lies_in_a_volume_of_its_own_or_in_that_of_the_step() -> None:
    """In the innermost one around its path; a path that only begins alike is another."""
    found = placed(at("/a", "/work/x", "/work/in/y", "/works"), [WORK, INNER, OTHER])
    assert [(one["path"], one["mount"]) for one in found] == [
        ("/argo/inputs/artifacts/0", "/a"),
        ("/mainctrfs/work/x", None),
        ("/mainctrfs/work/in/y", None),
        ("/argo/inputs/artifacts/3", "/works"),
    ]
    assert main_mounts(found) == [
        {"name": "input-artifacts", "mountPath": "/a", "subPath": "0"},
        {"name": "input-artifacts", "mountPath": "/works", "subPath": "3"},
    ]
    assert loading_mounts(found, [WORK, INNER, OTHER]) == [
        {"name": "input-artifacts", "mountPath": "/argo/inputs/artifacts"},
        {"name": "work", "mountPath": "/mainctrfs/work", "subPath": "s"},
        {"name": "inner", "mountPath": "/mainctrfs/work/in"},
    ]
    assert input_volumes(found) == [{"name": "input-artifacts", "emptyDir": {}}]


def test_where_all_lies_in_the_volumes_of_the_step_there_is_no_other() -> None:
    """Nor where nothing is loaded."""
    found = placed(at("/work/x"), [WORK])
    assert (input_volumes(found), main_mounts(found)) == ([], [])
    assert [one["name"] for one in loading_mounts(found, [WORK, OTHER])] == ["work"]
    assert (input_volumes([]), loading_mounts([], [WORK])) == ([], [])


@pytest.mark.parametrize("paths", [("/a", "/a"), ("/work",), ("/work/in",)])
def test_two_things_at_one_path_are_an_error(paths: tuple[str, ...]) -> None:
    """Two artifacts, or an artifact and a volume."""
    with pytest.raises(NodeError, match="is already mounted"):
        placed(at(*paths), [WORK, INNER])


def secret(name: str, key: str, **more: Any) -> Object:
    """Return a location whose keys lie in a Secret."""
    return {"s3": {"bucket": "b", "accessKeySecret": {"name": name, "key": key, **more}}}


HEADERS: Object = {
    "http": {"headers": [{"valueFrom": {"secretKeyRef": {"name": "h", "key": "k"}}}]}
}


@pytest.mark.parametrize(
    ("locations", "secrets"),
    [
        ([secret("s", "k")], {"s": (["k"], False)}),
        ([secret("s", "k", optional=True)], {"s": (["k"], True)}),
        ([secret("s", "k", optional=True), secret("s", "k")], {"s": (["k"], False)}),
        ([secret("s", "k"), secret("s", "k", optional=True)], {"s": (["k"], False)}),
        ([secret("s", "b", optional=True), secret("s", "a")], {"s": (["a", "b"], True)}),
        ([HEADERS], {"h": (["k"], False)}),
        ([{"s3": {"bucket": "b", "accessKeySecret": {"name": "", "key": "k"}}}], {}),
    ],
)
def test_secrets_of_locations_are_mounted_with_their_keys(
    locations: list[Object], secrets: dict[str, tuple[list[str], bool]]
) -> None:
    """A volume may be missing where one of its keys may, and no place asks for that one."""
    access = StoreAccess(locations)
    found = {
        one["secret"]["secretName"]: (
            [item["key"] for item in one["secret"]["items"]],
            bool(one["secret"].get("optional")),
        )
        for one in access.volumes()
        if "secret" in one
    }
    assert found == secrets
    assert not access.claims


def test_only_a_directory_needs_a_claim() -> None:
    """Its own, or the usual one of the namespace."""
    directory = {"plugin": {"name": "directory", "key": "k"}}
    mine = {"plugin": {"name": "directory", "key": "k", "configuration": "mine"}}
    assert len(StoreAccess([directory]).claims) == 1
    assert StoreAccess([mine, in_bucket("k")]).claims == {"mine"}
    volumes = [one["name"] for one in StoreAccess([in_bucket("k")]).volumes()]
    assert volumes == ["tmp-dir-argo"]
