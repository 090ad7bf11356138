"""Runs happen once: what was created and is gone is not created again."""

from ruleengine.model.actions import Action, Change, Result, Target
from ruleengine.model.findings import Severity
from ruleengine.model.values import Object
from ruleengine.reconcile.inventory import has_begun
from tests.reconcile.kit import Setting, config_map, declare

RUN = Target("argoproj.io/v1alpha1", "Workflow", "shop", "once")


def run(*, entrypoint: str = "main", path: str = "pipelines/once.yaml", line: int = 1) -> Action:
    """Return a declared Workflow."""
    value: Object = {
        "apiVersion": RUN.api_version,
        "kind": RUN.kind,
        "metadata": {"name": RUN.name, "namespace": RUN.namespace},
        "spec": {"entrypoint": entrypoint, "templates": [{"name": entrypoint, "suspend": {}}]},
    }
    return declare(value, path, line)


def changes(setting: Setting, *actions: Action) -> dict[str, Change]:
    """Return what is planned, by the names of the kinds that matter here."""
    planned = setting.plan(*actions).actions
    return {one.action.target.name: one.change for one in planned if one.action.target == RUN}


def finish(setting: Setting) -> None:
    """Let the run end."""
    setting.api.objects[RUN]["status"] = {
        "phase": "Succeeded",
        "finishedAt": "2026-11-29T00:00:00Z",
    }


def test_a_run_that_is_gone_is_not_run_again() -> None:
    """The first apply creates it; once it was deleted nothing is written, and nothing is found."""
    setting = Setting()
    assert Result.CREATED in {one.result for one in setting.apply(run())}
    del setting.api.objects[RUN]
    written = len(setting.api.writes)
    plan = setting.plan(run())
    (planned,) = [one for one in plan.actions if one.action.target == RUN]
    assert (planned.change, planned.message) == (
        Change.UNCHANGED,
        "it ran and is gone; it is not run again",
    )
    assert plan.findings == ()
    setting.apply(run())
    setting.apply(run(line=7), declare(config_map()))
    assert RUN not in setting.api.objects
    assert len([one for one in setting.api.writes[written:] if "workflows" in one]) == 0


def test_a_run_that_could_not_be_created_is_tried_again() -> None:
    """It was recorded before it was to be created, as all is, but it has not begun."""
    setting = Setting()
    surroundings = setting.surroundings()
    plan = setting.plan(run(), surroundings=surroundings)
    setting.apply(declare(config_map()))  # the control namespace is there
    store = setting.store(surroundings)
    store.read()
    store.begin(plan)  # and the process is killed
    assert changes(setting, run()) == {"once": Change.CREATE}
    setting.apply(run())
    assert RUN in setting.api.objects


def test_a_run_that_was_created_just_before_a_kill_counts() -> None:
    """The next apply finds it there, and remembers it."""
    setting = Setting()
    setting.apply(declare(config_map()))
    surroundings = setting.surroundings()
    plan = setting.plan(run(), surroundings=surroundings)
    store = setting.store(surroundings)
    store.read()
    store.begin(plan)
    surroundings.client.create(run().object or {}, "ruleengine")
    setting.apply(run())
    del setting.api.objects[RUN]
    assert changes(setting, run()) == {"once": Change.UNCHANGED}


def test_a_change_after_the_end_is_told_and_writes_nothing() -> None:
    """What is stored says what was run, there or gone; the finding stays until it is undone."""
    setting = Setting()
    setting.apply(run())
    finish(setting)
    for gone in (False, True):
        if gone:
            del setting.api.objects[RUN]
        for _ in range(2):
            plan = setting.plan(run(entrypoint="other"))
            assert [(one.code, one.severity) for one in plan.findings] == [
                ("plan-run-changed", Severity.WARNING)
            ]
            written = len(setting.api.writes)
            setting.apply(run(entrypoint="other"))
            assert len(setting.api.writes) == written
        assert setting.plan(run()).findings == ()


def test_a_run_on_its_way_can_be_changed() -> None:
    """What it is changed to is what it has run."""
    setting = Setting()
    setting.apply(run())
    assert changes(setting, run(entrypoint="other")) == {"once": Change.UPDATE}
    setting.apply(run(entrypoint="other"))
    finish(setting)
    assert setting.plan(run(entrypoint="other")).findings == ()
    assert [one.code for one in setting.plan(run()).findings] == ["plan-run-changed"]


def test_removing_the_file_deletes_no_run() -> None:
    """It stays ours while it is there, and is forgotten once it is gone."""
    setting = Setting()
    other = declare(config_map(), "pipelines/map.yaml")
    setting.apply(run(), other)
    setting.apply(other)
    assert RUN in setting.api.objects
    del setting.api.objects[RUN]
    setting.apply(other)
    inventory = setting.store(setting.surroundings()).read()
    assert not any(map(has_begun, inventory.entries("pipelines").values()))
    assert changes(setting, run(), other) == {"once": Change.CREATE}


def test_a_run_whose_file_moves_to_another_folder_has_still_begun() -> None:
    """The folder that declares it now remembers it from then on."""
    setting = Setting()
    setting.apply(run())
    del setting.api.objects[RUN]
    moved = run(path="environments/once.yaml")
    for _ in range(2):
        setting.apply(moved)
        assert RUN not in setting.api.objects
