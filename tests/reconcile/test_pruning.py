"""Prune and its floor: previously owned minus now declared, and never from a mistake."""

from ruleengine.model.actions import Change, Result
from ruleengine.model.findings import Severity
from ruleengine.model.http import HttpResponse
from tests.reconcile.kit import Setting, config_map, declare


def maps(*numbers: int, folder: str = "environments") -> list:
    """Return declared ConfigMaps by number."""
    return [declare(config_map(f"web-{n}"), f"{folder}/web-{n}.yaml") for n in numbers]


def names(setting: Setting) -> set[str]:
    """Return the names of the ConfigMaps there are."""
    return {target.name for target in setting.api.objects if target.kind == "ConfigMap"}


def test_a_removed_file_is_pruned() -> None:
    """Its object goes, the others stay, and the second run has nothing to do."""
    setting = Setting()
    setting.apply(*maps(1, 2, 3))
    outcomes = setting.apply(*maps(1, 3))
    assert names(setting) == {"web-1", "web-3"}
    assert [one.result for one in outcomes].count(Result.DELETED) == 1
    written = len(setting.api.writes)
    setting.apply(*maps(1, 3))
    assert len(setting.api.writes) == written


def test_an_emptied_folder_is_refused() -> None:
    """Nothing is pruned, and the plan says why."""
    setting = Setting()
    setting.apply(*maps(1, 2), *maps(3, folder="pipelines"))
    plan = setting.plan(*maps(3, folder="pipelines"))
    refused = [one for one in plan.actions if one.change is Change.REFUSED]
    assert len(refused) == 2
    assert "declares nothing any more" in refused[0].action.refusal
    assert [(one.code, one.severity) for one in plan.findings] == [
        ("plan-prune-refused", Severity.ERROR)
    ]
    outcomes = setting.apply(*maps(3, folder="pipelines"))
    assert [one.result for one in outcomes].count(Result.REFUSED) == 2
    assert names(setting) == {"web-1", "web-2", "web-3"}


def test_a_folder_whose_files_are_renamed_is_not_emptied() -> None:
    """The old objects go, the new ones come, and nobody has to lift the floor."""
    setting = Setting()
    setting.apply(*maps(1, 2))
    setting.apply(*maps(3, 4))
    assert names(setting) == {"web-3", "web-4"}
    many = Setting()
    many.apply(*maps(*range(10)))
    many.apply(*maps(*range(10, 20)))
    assert names(many) == {f"web-{number}" for number in range(10, 20)}


def test_a_refused_prune_stays_tracked() -> None:
    """Once the floor is switched off, the objects still go."""
    setting = Setting()
    setting.apply(*maps(1, 2), *maps(3, folder="pipelines"))
    setting.apply(*maps(3, folder="pipelines"))
    setting.floor = False
    setting.apply(*maps(3, folder="pipelines"))
    assert names(setting) == {"web-3"}


def test_more_than_half_of_ten_is_refused() -> None:
    """Half is allowed, one more is not."""
    setting = Setting()
    setting.apply(*maps(*range(10)))
    assert any(one.change is Change.REFUSED for one in setting.plan(*maps(*range(4))).actions)
    setting.apply(*maps(*range(5)))
    assert len(names(setting)) == 5


def test_a_moved_file_prunes_nothing() -> None:
    """An object that another folder declares now is still declared."""
    setting = Setting()
    setting.apply(*maps(1, 2, folder="environments"))
    setting.apply(*maps(1, 2, folder="rollouts"))
    assert names(setting) == {"web-1", "web-2"}
    setting.apply(*maps(1, folder="rollouts"))
    assert names(setting) == {"web-1"}


def test_prune_needs_the_object_to_agree() -> None:
    """An object whose owner annotation names another is left alone, and forgotten."""
    setting = Setting()
    setting.apply(*maps(1, 2))
    live = setting.api.live("ConfigMap", "web-1", "shop")
    live["metadata"]["annotations"]["ruleengine.dev/owner"] = "another#environments"
    plan = setting.plan(*maps(2))
    assert [one.code for one in plan.findings] == ["plan-prune-disowned"]
    setting.apply(*maps(2))
    assert names(setting) == {"web-1", "web-2"}
    assert setting.plan(*maps(2)).findings == ()


def test_a_failed_delete_stays_tracked() -> None:
    """The next run deletes it."""
    setting = Setting()
    setting.apply(*maps(1, 2))

    def fault(request, when):  # noqa: ANN001, ANN202 - the shape is FakeApi's
        if request.method == "DELETE" and when == "before":
            return HttpResponse(status=403, body=b'{"reason":"Forbidden"}')
        return None

    setting.api.fault = fault
    outcomes = setting.apply(*maps(2))
    assert [one.result for one in outcomes].count(Result.FAILED) == 1
    setting.api.fault = lambda *_: None
    setting.apply(*maps(2))
    assert names(setting) == {"web-2"}


def test_an_object_with_a_finalizer_stays_tracked_until_it_is_gone() -> None:
    """Deleting is only confirmed once the object has vanished."""
    setting = Setting()
    setting.apply(*maps(1, 2))
    live = setting.api.live("ConfigMap", "web-1", "shop")
    live["metadata"]["finalizers"] = ["example.com/hold"]
    setting.apply(*maps(2))
    store = setting.store(setting.surroundings())
    assert "/ConfigMap/shop/web-1" in store.read().entries("environments")
    setting.api.objects = {
        target: value for target, value in setting.api.objects.items() if target.name != "web-1"
    }
    setting.apply(*maps(2))
    assert "/ConfigMap/shop/web-1" not in store.read().entries("environments")


def test_a_plan_of_some_files_prunes_nothing() -> None:
    """Without pruning, what is not in the plan is left alone and stays tracked."""
    setting = Setting()
    setting.apply(*maps(1, 2, 3))
    setting.pruning = False
    setting.apply(*maps(1))
    setting.pruning = True
    setting.apply(*maps(1, 2))
    assert names(setting) == {"web-1", "web-2"}


def test_two_runs_at_once_forget_nothing() -> None:
    """A record that another run wrote meanwhile is read again and widened."""
    setting = Setting()
    setting.apply(*maps(1))
    surroundings = setting.surroundings()
    store = setting.store(surroundings)
    store.read()
    setting.apply(*maps(1, 2))
    plan = setting.plan(*maps(1, 3), surroundings=surroundings)
    store.begin(plan)
    entries = store.read().entries("environments")
    assert set(entries) == {f"/ConfigMap/shop/web-{n}" for n in (1, 2, 3)}


def test_a_record_whose_answer_was_lost_is_found_again() -> None:
    """The write came through, the answer did not: trying again is no conflict for ever."""
    setting = Setting()
    lost = [1]

    def fault(request, when):  # noqa: ANN001, ANN202 - the shape is FakeApi's
        if when == "after" and request.method == "POST" and "secrets" in request.path and lost:
            lost.pop()
            return HttpResponse(status=500, body=b"{}")
        return None

    setting.api.fault = fault
    outcomes = setting.apply(*maps(1))
    assert {one.result for one in outcomes} == {Result.CREATED}
    assert not lost
