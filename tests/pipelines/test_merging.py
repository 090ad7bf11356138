"""Specs laid over one another, rule by rule (reference, Workflows 1 and 20)."""

from typing import Any

import pytest

from ruleengine.pipelines.merging import over, with_defaults
from tests.pipelines.worlds import run

HIGH: dict[str, Any] = {"name": "a", "x": 1}
LOW: dict[str, Any] = {"name": "a", "x": 2, "y": 3}
OTHER: dict[str, Any] = {"name": "b", "y": 4}
MERGED: dict[str, Any] = {"name": "a", "x": 1, "y": 3}


@pytest.mark.parametrize(
    ("high", "low", "expected"),
    [
        ({"x": 1}, {"x": 2, "y": 3}, {"x": 1, "y": 3}),
        ({"x": {"y": 1}}, {"x": {"y": 2, "z": 3}}, {"x": {"y": 1, "z": 3}}),
        ({"x": {"y": 1}}, {"x": "text"}, {"x": {"y": 1}}),
        ({"x": ""}, {"x": "text"}, {"x": ""}),
        ({"x": "text"}, {"x": {"y": 1}}, {"x": "text"}),
        ({"args": ["a"]}, {"args": ["b", "c"]}, {"args": ["a"]}),
        ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]}, None),
        ({"mutexes": [HIGH]}, {"mutexes": [OTHER]}, None),
        ({"headers": [HIGH]}, {"headers": [OTHER]}, None),
        ({"prometheus": [HIGH]}, {"prometheus": [OTHER]}, None),
        ({"volumes": []}, {"volumes": [OTHER]}, {"volumes": [OTHER]}),
    ],
)
def test_maps_are_merged_and_all_else_is_taken_from_the_side_that_wins(
    high: dict[str, Any], low: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    """Lists as well, where nothing is known to tell their entries apart."""
    assert over(high, low) == (high if expected is None else expected)


@pytest.mark.parametrize(
    "field",
    [
        *("env", "imagePullSecrets", "initContainers", "resourceClaims"),
        *("sidecars", "tasks", "templates", "volumes"),
    ],
)
def test_lists_of_what_has_a_name_are_merged_by_it(field: str) -> None:
    """Entry by entry: those of the side that wins come first."""
    assert over({field: [HIGH]}, {field: [OTHER, LOW]}) == {field: [MERGED, OTHER]}
    assert over({field: [HIGH]}, {field: ["no map"]}) == {field: [HIGH]}
    assert over({field: ["no map"]}, {field: [HIGH]}) == {field: ["no map"]}


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("hostAliases", "ip"),
        ("ports", "containerPort"),
        ("volumeDevices", "devicePath"),
        ("volumeMounts", "mountPath"),
    ],
)
def test_some_lists_are_merged_by_something_else_than_a_name(field: str, key: str) -> None:
    """Two mounts of one volume are two, and one path has one mount."""
    high = {"name": "same", key: "a", "x": 1}
    other = {"name": "same", key: "b"}
    low = {"name": "another", key: "a", "y": 2}
    assert over({field: [high]}, {field: [low, other]}) == {field: [{**high, "y": 2}, other]}


@pytest.mark.parametrize("field", ["artifacts", "parameters"])
def test_an_argument_is_taken_whole(field: str) -> None:
    """A value and a source of one never mix."""
    assert over({field: [HIGH]}, {field: [LOW, OTHER]}) == {field: [HIGH, OTHER]}


@pytest.mark.parametrize("field", ["hooks", "labelsFrom"])
def test_a_hook_and_a_label_are_taken_whole(field: str) -> None:
    """Key by key: the template of one hook is not called with the arguments of another."""
    merged = over({field: {"a": HIGH}}, {field: {"a": LOW, "b": OTHER}})
    assert merged == {field: {"a": HIGH, "b": OTHER}}


TYPES = (
    *("container", "containerSet", "data", "dag", "http"),
    *("plugin", "resource", "script", "steps", "suspend"),
)


@pytest.mark.parametrize("kind", TYPES)
def test_defaults_for_another_type_of_template_do_not_concern_one(kind: str) -> None:
    """Those for its own do, and those for any."""
    other = next(one for one in TYPES if one != kind)
    defaults = {kind: {"low": 1}, "daemon": True}
    assert with_defaults({other: {"high": 1}}, defaults) == {other: {"high": 1}, "daemon": True}
    own = with_defaults({kind: {"high": 1}}, defaults)
    assert own == {kind: {"high": 1, "low": 1}, "daemon": True}


def test_defaults_concern_what_calls_others_and_what_is_written_in_place() -> None:
    """And the retries of the whole workflow every template that has none of its own."""
    world = run(
        """
entrypoint: main
retryStrategy: {limit: 3}
templateDefaults: {metadata: {labels: {kind: default, team: blue}}, parallelism: 1}
templates:
- name: main
  steps:
  - - {name: one, template: say}
    - {name: two, inline: {container: {image: alpine, command: [two]}}}
- name: say
  retryStrategy: {limit: 1}
  metadata: {labels: {kind: own}}
  container: {image: alpine, command: [say]}
"""
    )
    assert world.most == 1
    labels = [
        (one["metadata"]["labels"]["kind"], one["metadata"]["labels"]["team"])
        for one in world.pods()
    ]
    assert sorted(labels) == [("default", "blue"), ("own", "blue")]
    assert [one["type"] for one in world.nodes()].count("Retry") == 3
