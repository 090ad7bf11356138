"""Resource templates with flags: what kubectl would do for them, done by the API."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ruleengine.apimachinery.kubectl_flags import Flags
from ruleengine.formats.yaml_writer import write
from ruleengine.local.control_plane import ControlPlane, in_memory_plane
from ruleengine.model.values import Object
from ruleengine.step.api import JSON, ApiAnswerError
from ruleengine.step.deleting import delete_all
from ruleengine.step.places import Place, kind_named, kind_of
from ruleengine.step.plan import StepError
from ruleengine.step.resources import perform
from tests.step.planes import PlaneApi, plan

MAPS = "/api/v1/namespaces/default/configmaps"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
POD: Object = {"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}
PLACE = Place(MAPS, "settings")
JOB: Object = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "work"},
    "spec": {"template": POD},
}


def settings(name: str = "settings", **metadata: Any) -> Object:
    """Return a ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, **metadata},
        "data": {"a": "1"},
    }


class Resources:
    """Performs resource templates against a control plane, and knows what was sent."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.api = PlaneApi(plane)
        self._folder = folder
        self.pause: Callable[[float], None] = lambda _: pytest.fail("nothing is waited for")

    def act(
        self, action: str, *flags: str, manifest: Any = None, outputs: Any = (), **resource: Any
    ) -> Object:
        """Perform an action with flags; return its outputs."""
        stated = {"action": action, "flags": list(flags), **resource}
        if manifest is not None:
            stated["manifest"] = write(manifest)
        asked = plan(self._folder, resource=stated, parameters=outputs)
        return perform(asked, self.api, self.pause)

    def names(self, path: str = MAPS) -> list[str]:
        """Return which objects a collection has, without the server's own."""
        found = [one["metadata"]["name"] for one in self.api.get(path)["items"]]
        return [one for one in found if one != "kube-root-ca.crt"]

    def writes(self) -> list[str]:
        """Return the methods of the writes so far."""
        return [one.split(" ")[0] for one in self.api.sent if not one.startswith("GET")]


@pytest.fixture
def plane() -> ControlPlane:
    """Return a control plane with the namespace ``default``."""
    found = in_memory_plane()
    found.settle()
    return found


@pytest.fixture
def resources(plane: ControlPlane, tmp_path: Path) -> Resources:
    """Return what performs resource templates."""
    return Resources(plane, tmp_path)


@pytest.mark.parametrize(
    ("strategy", "patch"),
    [
        ("merge", {"data": {"b": "2"}}),
        ("strategic", {"data": {"b": "2"}}),
        ("json", [{"op": "add", "path": "/data/b", "value": "2"}]),
    ],
)
def test_a_patch_is_for_the_object_that_flags_name(
    resources: Resources, strategy: str, patch: Any
) -> None:
    """However its kind is called, and the patch may say nothing of it; twice is as once."""
    resources.act("create", manifest=settings())
    seen = set()
    for kind in ("configmap", "configmaps", "cm", "ConfigMap"):
        resources.act("patch", kind, "settings", manifest=patch, mergeStrategy=strategy)
        found = resources.api.get(f"{MAPS}/settings")
        seen.add(found["metadata"]["resourceVersion"])
        assert found["data"] == {"a": "1", "b": "2"}
    assert len(seen) == 1


@pytest.mark.parametrize(("strategy", "patch"), [("merge", {}), ("strategic", {}), ("json", [])])
def test_a_patch_may_change_nothing(resources: Resources, strategy: str, patch: Any) -> None:
    """As one that is put together from parameters may turn out."""
    resources.act("create", manifest=settings())
    resources.act("patch", "cm/settings", manifest=patch, mergeStrategy=strategy)
    assert resources.api.get(f"{MAPS}/settings")["data"] == {"a": "1"}


def test_a_kind_of_a_group_is_found_by_its_name(resources: Resources) -> None:
    """With the group, and a version, or without."""
    resources.act("create", manifest=JOB)
    for kind in ("job", "jobs.batch", "Jobs.v1.batch"):
        resources.act("get", f"{kind}/work")
    for kind in ("jobs.apps", "pods.apps", "jobs.v2.batch", "gadget", "job/status"):
        with pytest.raises(StepError, match=r"no kind that is called|name no objects"):
            resources.act("get", f"{kind}/work")


def test_a_kind_is_called_by_any_of_its_names(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its server tells them; what is below an object is none."""
    gadget = {"name": "gadgets", "singularName": "gizmo", "kind": "Gadget", "shortNames": ["g"]}
    below = {"name": "gadgets/status", "singularName": "", "kind": "Gadget"}
    listed = {"resources": [below, gadget]}
    monkeypatch.setattr(resources.api, "get", lambda _: listed)
    for word in ("gadgets", "gizmo", "gadget", "Gadget", "g"):
        assert kind_named(resources.api, word).info == gadget
    assert kind_of(resources.api, {"apiVersion": "v1", "kind": "Gadget"}).info == gadget


def test_who_answers_for_a_group_may_be_away(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kinds of others are found all the same; one that is not found may have been of that group."""
    resources.act("create", manifest=JOB)
    real = resources.api.get

    def get(path: str) -> Object:
        if path == "/apis/apps/v1":
            raise ApiAnswerError(503, "the server is away")
        return real(path)

    monkeypatch.setattr(resources.api, "get", get)
    resources.act("get", "job", "work")
    with pytest.raises(StepError, match="of /apis/apps/v1 it does not tell: the server is away"):
        resources.act("get", "gadget", "work")


def test_what_a_selector_finds_is_deleted_twice_over(resources: Resources) -> None:
    """Nothing else is; the second time there is nothing to write."""
    for name, label in (("a", "yes"), ("b", "yes"), ("c", "no")):
        resources.act("create", manifest=settings(name, labels={"cleanup": label}))
    resources.act("delete", "configmap", "--selector", "cleanup=yes")
    assert resources.names() == ["c"]
    writes = len(resources.writes())
    resources.act("delete", "configmap", "--selector", "cleanup=yes")
    assert len(resources.writes()) == writes


def test_names_fields_and_all_of_a_kind_are_deleted(resources: Resources) -> None:
    """As kubectl takes them."""
    for name in "abcdef":
        resources.act("create", manifest=settings(name))
    resources.act("create", "-n", "kube-public", manifest=settings("d"))
    resources.act("delete", "cm", "a", "b")
    resources.act("delete", "cm/c")
    assert resources.names() == ["d", "e", "f"]
    resources.act("delete", "cm", "--field-selector=metadata.name=d")
    assert resources.names() == ["e", "f"]
    resources.act("delete", "cm", "--all")
    assert resources.names() == []
    assert resources.names("/api/v1/namespaces/kube-public/configmaps") == ["d"]


def test_a_namespace_is_that_of_a_flag(resources: Resources) -> None:
    """Or every one; a manifest that names another is refused."""
    resources.act("create", "-n", "kube-public", manifest=settings(labels={"a": "b"}))
    resources.act("create", manifest=settings(labels={"a": "b"}))
    assert resources.names("/api/v1/namespaces/kube-public/configmaps") == ["settings"]
    resources.act("get", "cm", "settings", "-n", "kube-public")
    with pytest.raises(StepError, match="of the namespace x, its flags name y"):
        resources.act("get", "-n", "y", manifest=settings(namespace="x"))
    resources.act("get", "-n", "default", manifest=settings(namespace="default"))
    resources.act("patch", manifest={**settings(namespace="kube-public"), "data": {"b": "2"}})
    found = resources.api.get("/api/v1/namespaces/kube-public/configmaps/settings")
    assert found["data"] == {"a": "1", "b": "2"}
    resources.act("delete", "cm", "-l", "a=b", "-A")
    assert resources.names("/api/v1/configmaps") == []


def test_deleting_what_is_not_there_is_no_failure(resources: Resources) -> None:
    """As Argo asks kubectl for it; a flag may say otherwise."""
    for _ in "12":
        assert resources.act("delete", manifest=settings()) == {}
    with pytest.raises(StepError, match="not found"):
        resources.act("delete", "--ignore-not-found=false", manifest=settings())


def test_a_manifest_without_a_name_deletes_nothing(resources: Resources) -> None:
    """It is no collection that is meant."""
    resources.act("create", manifest=settings())
    with pytest.raises(StepError, match=r"no metadata\.name"):
        resources.act("delete", manifest={**settings(), "metadata": {"generateName": "a-"}})
    assert resources.names() == ["settings"]


def test_a_delete_ends_when_the_object_is_gone(resources: Resources) -> None:
    """Unless it is not to be waited for; a new object of the name is another one."""
    waits: list[float] = []

    def let_go(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            patch = [{"op": "remove", "path": "/metadata/finalizers"}]
            resources.act("patch", "cm/settings", manifest=patch, mergeStrategy="json")
            resources.act("create", manifest=settings())

    kept = settings(finalizers=["example.com/keeps"])
    resources.act("create", manifest=kept)
    resources.act("delete", "--wait=false", manifest=kept)
    resources.pause = waits.append
    with pytest.raises(StepError, match="settings is not gone after 2 seconds"):
        resources.act("delete", "--timeout=2s", manifest=kept)
    assert waits == [1.0, 1.0]
    resources.pause = let_go
    resources.act("delete", manifest=kept)
    assert waits == [1.0] * 3
    assert resources.names() == ["settings"]


def test_a_delete_says_how_long_objects_have_to_end(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a flag says it; else each object says it itself."""
    real, sent = resources.api.send, []

    def send(method: str, path: str, body: Any = None, media: str = JSON) -> Object:
        if method == "DELETE":
            sent.append(body)
        return real(method, path, body, media)

    monkeypatch.setattr(resources.api, "send", send)
    for flags in ((), ("--grace-period=7",), ("--force",)):
        resources.act("create", manifest=settings())
        resources.act("delete", *flags, manifest=settings())
    assert [one.get("gracePeriodSeconds") for one in sent] == [None, 7, 0]
    assert {one["propagationPolicy"] for one in sent} == {"Background"}


def test_a_delete_that_is_refused_is_told_and_what_is_gone_is_known_by_its_uid(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An absent object alone is no failure; some servers answer with a status that names it."""
    resources.act("create", manifest=settings())
    answers: list[Any] = [ApiAnswerError(403, "forbidden"), {"details": {"uid": "before"}}]

    def send(*_: Any) -> Object:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    monkeypatch.setattr(resources.api, "send", send)
    with pytest.raises(StepError, match="forbidden"):
        delete_all(resources.api, [PLACE], Flags(ignores_absent=True), "default", lambda _: None)
    monkeypatch.setattr(resources.api, "get", lambda _: {"metadata": {"uid": "after"}})
    delete_all(resources.api, [PLACE], Flags(), "default", resources.pause)


def test_who_may_not_read_is_told_also_where_nothing_need_be_there(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is forbidden may be there."""

    def forbidden(path: str) -> Object:
        raise ApiAnswerError(403, f"{path} is forbidden")

    real = resources.api.get
    monkeypatch.setattr(
        resources.api, "get", lambda path: (forbidden if "settings" in path else real)(path)
    )
    with pytest.raises(StepError, match="is forbidden"):
        resources.act("get", "cm/settings", "--ignore-not-found")


def test_what_is_in_no_namespace_is_found_there(resources: Resources) -> None:
    """By its name, and by its manifest."""
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "made"}}
    resources.act("create", manifest=manifest)
    resources.act("get", "ns/made")
    resources.pause = lambda _: None
    resources.act("delete", "namespace", "made", "--wait=false")
    assert resources.api.get("/api/v1/namespaces/made")["metadata"]["deletionTimestamp"]


@pytest.mark.parametrize(
    ("status", "message"), [(403, ""), (405, ""), (404, ""), (500, "the server is broken")]
)
def test_who_may_not_look_does_not_wait(
    resources: Resources, monkeypatch: pytest.MonkeyPatch, status: int, message: str
) -> None:
    """To delete is allowed without that."""
    real = resources.api.get

    def get(path: str) -> Object:
        if path.startswith(f"{MAPS}/"):
            raise ApiAnswerError(status, message)
        return real(path)

    resources.act("create", manifest=settings())
    monkeypatch.setattr(resources.api, "get", get)
    if message:
        with pytest.raises(StepError, match=message):
            resources.act("delete", manifest=settings())
    else:
        resources.act("delete", manifest=settings())


@pytest.mark.parametrize(
    ("flags", "left"),
    [([], []), (["--cascade=orphan"], ["work"]), (["--cascade=foreground"], [])],
)
def test_what_belongs_to_an_object_goes_with_it(
    plane: ControlPlane, resources: Resources, flags: list[str], left: list[str]
) -> None:
    """Those of a Job too, whose pods an API server would leave behind by itself."""
    resources.act("create", manifest=JOB)
    plane.settle()
    resources.pause = lambda _: plane.advance(60)
    resources.act("delete", *flags, manifest=JOB)
    plane.advance(60)
    pods = [one.rpartition("-")[0] for one in resources.names("/api/v1/namespaces/default/pods")]
    assert pods == left


def test_nothing_is_changed_for_the_look_of_it(resources: Resources) -> None:
    """The server answers with what would be, which the outputs are taken from."""
    asked = ({"name": "p", "jsonPath": "{.data.a}"},)
    expected = {"parameters": [{"name": "p", "value": "1"}]}
    for action in ("create", "apply"):
        dry = resources.act(action, "--dry-run=server", manifest=settings(), outputs=asked)
        assert (dry, resources.names()) == (expected, [])
    resources.act("create", manifest=settings())
    changed = {**settings(), "data": {"a": "2"}}
    for action in ("patch", "replace", "delete"):
        resources.act(action, "--dry-run=server", manifest=changed)
        assert resources.api.get(f"{MAPS}/settings")["data"] == {"a": "1"}


def test_a_field_that_there_is_not_is_refused_unless_a_flag_says_otherwise(
    resources: Resources,
) -> None:
    """As kubectl validates; the field is left out then."""
    wrong = {**settings(), "dats": {}}
    for action in ("create", "apply"):
        with pytest.raises(StepError, match="dats"):
            resources.act(action, manifest=wrong)
    resources.act("create", "--validate=false", manifest=wrong)
    resources.act("patch", manifest=wrong)  # where kubectl validates nothing
    for _ in "12":
        resources.act("replace", "--validate=ignore", manifest=wrong)
    assert "dats" not in resources.api.get(f"{MAPS}/settings")


def test_an_apply_yields_to_others_where_a_flag_says_so(resources: Resources) -> None:
    """With the word of whose it is; without it the fields are taken over, as kubectl takes them."""
    mine = ["--server-side", "--field-manager=me"]
    resources.act("create", "--field-manager=other", manifest=settings())
    changed = {**settings(), "data": {"a": "2"}}
    with pytest.raises(StepError, match='conflict with "other"'):
        resources.act("apply", *mine, manifest=changed)
    for _ in "12":
        resources.act("apply", *mine, "--force-conflicts", manifest=changed)
    found = resources.api.get(f"{MAPS}/settings")
    assert [one["manager"] for one in found["metadata"]["managedFields"]] == ["me", "other"]
    resources.act("apply", manifest=settings())


def test_a_subresource_is_what_a_flag_names(resources: Resources) -> None:
    """It is patched, or read; the rest of the object stays as it is."""
    resources.act("create", manifest=JOB)
    for _ in "12":
        patch = {"spec": {"suspend": True}, "status": {"succeeded": 3}}
        resources.act("patch", "job/work", "--subresource", "status", manifest=patch)
    asked = ({"name": "p", "jsonPath": "{.status.succeeded} {.spec.suspend}"},)
    for _ in "12":
        found = resources.act("get", "job/work", "--subresource=status", outputs=asked)
        assert found == {"parameters": [{"name": "p", "value": "3 false"}]}


def test_what_is_not_there_may_be_asked_for(resources: Resources) -> None:
    """Its outputs are their defaults then, or empty."""
    asked = (
        {"name": "p", "jsonPath": "{.data.a}", "default": "usual"},
        {"name": "q", "jsonPath": "{.data.a}"},
    )
    flags = ("cm/settings", "--ignore-not-found")
    for _ in "12":
        found = resources.act("get", *flags, outputs=asked, successCondition="data.a")
        assert [one["value"] for one in found["parameters"]] == ["usual", ""]
    with pytest.raises(StepError, match="not found"):
        resources.act("get", "cm/settings", outputs=asked)
    resources.act("create", manifest=settings())
    found = resources.act("get", *flags, outputs=asked)
    assert [one["value"] for one in found["parameters"]] == ["1", "1"]


def test_what_only_knows_versions_is_replaced_by_that_which_is_there(resources: Resources) -> None:
    """As kubectl looks it up for a manifest that states none."""
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "held"},
        "spec": {"holderIdentity": "me"},
    }
    resources.act("create", manifest=lease)
    for _ in "12":
        resources.act("replace", manifest={**lease, "spec": {"holderIdentity": "you"}})
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/held"
    assert resources.api.get(path)["spec"] == {"holderIdentity": "you"}


def test_what_the_server_names_is_waited_for_by_that_name(resources: Resources) -> None:
    """As it is told in the answer to its creation."""

    def let_on(_: float) -> None:
        (name,) = resources.names()
        resources.act("patch", f"cm/{name}", manifest={"data": {"b": "2"}})

    made = {**settings(), "metadata": {"generateName": "made-"}}
    resources.pause = let_on
    resources.act("create", manifest=made, successCondition="data.b == 2")


def test_a_replacement_keeps_to_the_version_that_it_states(resources: Resources) -> None:
    """What was changed since then is not overwritten."""
    resources.act("create", manifest=settings())
    version = resources.api.get(f"{MAPS}/settings")["metadata"]["resourceVersion"]
    resources.act("replace", manifest={**settings(), "data": {"a": "2"}})
    with pytest.raises(StepError, match="modified"):
        resources.act("replace", manifest=settings(resourceVersion=version))


def test_conditions_are_those_of_the_object_that_flags_name(resources: Resources) -> None:
    """Not of what the patch says."""
    resources.act("create", manifest=settings())
    resources.act(
        "patch", "cm/settings", manifest={"data": {"b": "2"}}, successCondition="data.a == 1"
    )
