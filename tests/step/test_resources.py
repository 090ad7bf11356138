"""Resource templates: one object, by the API alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ruleengine.apimachinery.selectors import parse_label_selector
from ruleengine.formats.yaml_writer import write
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.values import Object
from ruleengine.step.plan import FailedStepError, StepError
from ruleengine.step.resources import holds, perform
from tests.step.planes import PlaneApi, plan

SETTINGS: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings"},
    "data": {"a": "1"},
}
PATH = "/api/v1/namespaces/default/configmaps/settings"
DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        },
    },
}


@pytest.fixture
def plane() -> ControlPlane:
    """Return a control plane with the namespace ``default``."""
    found = in_memory_plane()
    found.settle()
    return found


@pytest.fixture
def act(plane: ControlPlane, tmp_path: Path) -> Callable[..., Object]:
    """Return what performs a resource template."""

    def perform_it(action: str, manifest: Object, **resource: Any) -> Object:
        stated = {"action": action, "manifest": write(manifest), **resource}
        pause = resource.pop("pause", lambda _: None)
        stated.pop("pause", None)
        return perform(plan(tmp_path, resource=stated), PlaneApi(plane), pause)

    return perform_it


def test_an_object_is_created_changed_read_and_deleted(
    plane: ControlPlane, act: Callable[..., Object]
) -> None:
    """Each action does what kubectl's does; in the namespace of the pod unless it says another."""
    api = PlaneApi(plane)
    act("create", SETTINGS)
    assert api.get(PATH)["data"] == {"a": "1"}
    act("apply", {**SETTINGS, "data": {"b": "2"}})
    assert api.get(PATH)["data"] == {"a": "1", "b": "2"}
    act("replace", {**SETTINGS, "data": {"c": "3"}})
    assert api.get(PATH)["data"] == {"c": "3"}
    for strategy, value in (("merge", "4"), ("strategic", "5")):
        act("patch", {**SETTINGS, "data": {"c": value}}, mergeStrategy=strategy)
        assert api.get(PATH)["data"] == {"c": value}
    assert act("get", SETTINGS) == {}  # nothing to be reported
    act("delete", SETTINGS)
    with pytest.raises(StepError, match="not found"):
        act("get", SETTINGS)


def test_an_object_may_belong_to_its_workflow(plane: ControlPlane, tmp_path: Path) -> None:
    """It goes with it, beside the owners that its manifest names; what is only patched does not."""
    owner = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": "wf", "uid": "w"}
    stated = {"action": "create", "manifest": write(SETTINGS), "setOwnerReference": True}
    api = PlaneApi(plane)
    perform(plan(tmp_path, resource=stated, owner=owner), api, lambda _: None)
    assert api.get(PATH)["metadata"]["ownerReferences"] == [owner]
    other = {**owner, "name": "other", "uid": "o"}
    change = {**SETTINGS, "metadata": {"name": "settings", "ownerReferences": [other]}}
    for action, owners in (("replace", [other, owner]), ("patch", [other])):
        stated = {**stated, "action": action, "manifest": write(change), "mergeStrategy": "merge"}
        perform(plan(tmp_path, resource=stated, owner=owner), api, lambda _: None)
        assert api.get(PATH)["metadata"]["ownerReferences"] == owners
    stated = {**stated, "action": "create", "manifest": "apiVersion: v1\nkind: ConfigMap\n"}
    with pytest.raises(StepError, match="name"):
        perform(plan(tmp_path, resource=stated, owner=owner), api, lambda _: None)
    for wrong in ([1], {"name": "settings", "ownerReferences": 1}):
        stated = {**stated, "manifest": write({**SETTINGS, "metadata": wrong})}
        with pytest.raises(StepError, match="can have no owner"):
            perform(plan(tmp_path, resource=stated, owner=owner), api, lambda _: None)


def test_conditions_are_waited_for(plane: ControlPlane, act: Callable[..., Object]) -> None:
    """Failure is looked at first; between two looks there is a pause."""
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        plane.advance(5)

    act("create", DEPLOYMENT, successCondition="status.readyReplicas == 2", pause=pause)
    assert waits
    with pytest.raises(FailedStepError, match=r"'spec\.replicas>1' evaluated true"):
        act(
            "get",
            DEPLOYMENT,
            failureCondition="status.none, spec.replicas > 1",
            successCondition="spec.replicas == 2",
        )


def test_one_part_of_a_failure_condition_is_enough_and_without_it_nothing_is_waited_for(
    act: Callable[..., Object],
) -> None:
    """The parts of a success condition must all hold; where none is stated, one look is taken."""

    def pause(_: float) -> None:
        raise AssertionError

    act("create", SETTINGS, failureCondition="data.a == 2, data.b", pause=pause)
    with pytest.raises(FailedStepError, match=r"'data\.b' evaluated true"):
        act("apply", {**SETTINGS, "data": {"b": ""}}, failureCondition="data.a == 2, data.b")
    with pytest.raises(AssertionError):
        act("get", SETTINGS, successCondition="data.a == 1, data.b == 2", pause=pause)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("status.phase == Ready", True),
        ("status.phase=Ready,status.count > 9", True),
        ("status.count > 10", False),
        ("status.count < 11", True),
        ("status.phase in (Ready, Done)", True),
        ("status.phase notin (Ready)", False),
        ("status.absent", False),
        ("!status.absent", True),
        ("status.list.0.type == A", True),
        ("status.done == true", True),
    ],
)
def test_a_condition_is_a_selector_over_fields(condition: str, *, expected: bool) -> None:
    """Numbers and truth values are compared as their JSON."""
    status = {"phase": "Ready", "count": 10, "list": [{"type": "A"}], "done": True}
    assert holds(parse_label_selector(condition), {"status": status}) is expected


@pytest.mark.parametrize(
    ("manifest", "resource", "words"),
    [
        ("a: [", {}, "no YAML"),
        ("a: 1", {}, "no apiVersion and kind"),
        ("- op: add", {}, "no apiVersion and kind"),
        ("apiVersion: v1", {}, "no apiVersion and kind"),
        ("kind: ConfigMap", {}, "no apiVersion and kind"),
        ("---\n---\n" + write({**SETTINGS, "kind": "Widget"}) + "---\n", {}, "no kind Widget"),
        (write(SETTINGS) + "---\n" + write(SETTINGS), {}, "has 2"),
        (write({**SETTINGS, "kind": "Widget"}), {}, "no kind Widget in v1"),
        (write({**SETTINGS, "apiVersion": "a.dev/v1"}), {}, "no kind ConfigMap in a.dev/v1"),
        (write(SETTINGS), {"flags": ["--wait"]}, "'--wait' is not honoured for create"),
        ("", {}, "nothing says which object to create"),
        ("- op: add", {"action": "patch", "mergeStrategy": "json"}, "does not say which object"),
        (write({**SETTINGS, "metadata": {}}), {"action": "delete"}, "has no metadata.name"),
        (write({**SETTINGS, "metadata": {}}), {"action": "apply"}, "has no metadata.name"),
        (write({**SETTINGS, "spec": 1}), {}, "unknown field"),
        (write(SETTINGS), {"action": "burn"}, "no action 'burn'"),
        (write(SETTINGS), {"action": "patch", "mergeStrategy": "x"}, "mergeStrategy is one of"),
        (write(SETTINGS), {"successCondition": "a in"}, "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_told(
    plane: ControlPlane, tmp_path: Path, manifest: str, resource: Object, words: str
) -> None:
    """In one sentence, for the node."""
    stated = {"action": "create", "manifest": manifest, **resource}
    with pytest.raises(StepError, match=words):
        perform(plan(tmp_path, resource=stated), PlaneApi(plane), lambda _: None)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"jsonPath": "{.data.a}"}, "1"),
        ({"jsonPath": "{.metadata.name} in {.metadata.namespace}"}, "settings in default"),
        ({"jqFilter": ".data.a"}, "1"),
        ({"jqFilter": ".data"}, '{"a":"1"}'),
        ({"jqFilter": ".data | keys[], length"}, "a\n1"),
        ({"jsonPath": "{.data.none}", "default": "usual"}, "usual"),
        ({"jqFilter": ".data | error", "default": 7}, "7"),
    ],
)
def test_outputs_are_taken_from_the_object(
    plane: ControlPlane, tmp_path: Path, declared: Object, value: str
) -> None:
    """By a path as kubectl takes it, or by jq; a default stands in where that fails."""
    stated = {"action": "create", "manifest": write(SETTINGS)}
    made = plan(tmp_path, resource=stated, parameters=({"name": "p", **declared},))
    outputs = perform(made, PlaneApi(plane), lambda _: None)
    assert outputs == {"parameters": [{"name": "p", "value": value}]}


@pytest.mark.parametrize("declared", [{"jsonPath": "{.none}"}, {"jqFilter": ".data | error"}, {}])
def test_an_output_that_the_object_does_not_have_is_told(
    plane: ControlPlane, tmp_path: Path, declared: Object
) -> None:
    """By its name."""
    stated = {"action": "create", "manifest": write(SETTINGS)}
    made = plan(tmp_path, resource=stated, parameters=({"name": "p", **declared},))
    with pytest.raises(StepError, match="'p'"):
        perform(made, PlaneApi(plane), lambda _: None)


class LosingApi(PlaneApi):
    """Loses the answer to the first request of a method; ``meanwhile`` happens before the next."""

    def __init__(
        self, plane: ControlPlane, method: str, meanwhile: Callable[[], object] = bool
    ) -> None:
        super().__init__(plane)
        self._method, self._meanwhile = method, meanwhile

    def _once(self, method: str, path: str, body: Object | None, media: str) -> tuple[int, Object]:
        answer = super()._once(method, path, body, media)
        if method == self._method:
            self._method = ""
            self._meanwhile()
            raise ConnectionResetError("lost")
        return answer


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "a"},
        {"generateName": "a-", "labels": {"b": "c"}},
        {"name": "a", "creationTimestamp": None},
    ],
    ids=["named", "generated", "printed"],
)
def test_what_is_created_is_there_once_though_its_answer_was_lost(
    plane: ControlPlane, tmp_path: Path, metadata: Object
) -> None:
    """It is ours as it is what was sent; who states how its name begins finds it by that."""
    api = LosingApi(plane, "POST")
    stated = {"action": "create", "manifest": write({**SETTINGS, "metadata": metadata})}
    named = {"name": "n", "jsonPath": "{.metadata.name}"}
    made = perform(plan(tmp_path, resource=stated, parameters=(named,)), api, lambda _: None)
    listed = api.get("/api/v1/namespaces/default/configmaps")["items"]
    ours = [one["metadata"]["name"] for one in listed if one.get("data") == {"a": "1"}]
    assert len([one for one in api.sent if one.startswith("POST")]) == 2
    assert [made["parameters"][0]["value"]] == ours
    assert ours[0].startswith("a")


def test_each_pod_creates_another_object_of_a_name_that_is_generated(
    plane: ControlPlane, tmp_path: Path
) -> None:
    """A step that is tried again meets no object of the time before."""
    manifest = write({**SETTINGS, "metadata": {"generateName": "a-"}})
    for pod in ("u", "v"):
        made = plan(tmp_path, resource={"action": "create", "manifest": manifest})
        perform(replace(made, pod_uid=pod), PlaneApi(plane), lambda _: None)
    listed = PlaneApi(plane).get("/api/v1/namespaces/default/configmaps")["items"]
    assert len([one for one in listed if one["metadata"]["name"].startswith("a-")]) == 2


@pytest.mark.parametrize("is_lost", [True, False])
def test_what_others_have_created_is_not_taken_for_ours(
    plane: ControlPlane, tmp_path: Path, *, is_lost: bool
) -> None:
    """Where it is another, or where it was there before."""
    other = write({**SETTINGS, "data": {"a": "2" if is_lost else "1"}})
    perform(plan(tmp_path, resource={"action": "create", "manifest": other}), PlaneApi(plane))
    api = LosingApi(plane, "POST") if is_lost else PlaneApi(plane)
    stated = {"action": "create", "manifest": write(SETTINGS)}
    with pytest.raises(StepError, match='configmaps "settings" already exists'):
        perform(plan(tmp_path, resource=stated), api, lambda _: None)


def test_what_others_change_meanwhile_is_replaced_all_the_same(
    plane: ControlPlane, tmp_path: Path
) -> None:
    """In its newest version; one that the manifest states is kept to."""
    api = PlaneApi(plane)
    perform(plan(tmp_path, resource={"action": "create", "manifest": write(SETTINGS)}), api)
    read = api.get(PATH)["metadata"]["resourceVersion"]

    def change() -> None:
        api.send("PATCH", PATH, {"data": {"b": "9"}}, "application/merge-patch+json")

    losing = LosingApi(plane, "PUT", change)
    stated = {"action": "replace", "manifest": write({**SETTINGS, "data": {"c": "3"}})}
    perform(plan(tmp_path, resource=stated), losing, lambda _: None)
    assert api.get(PATH)["data"] == {"c": "3"}
    old = {**SETTINGS, "metadata": {"name": "settings", "resourceVersion": read}}
    stated = {"action": "replace", "manifest": write(old)}
    with pytest.raises(StepError, match="the object has been modified"):
        perform(plan(tmp_path, resource=stated), api, lambda _: None)
