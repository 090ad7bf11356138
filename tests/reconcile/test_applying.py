"""Planning and performing: order, idempotence, isolation, cancellation, and being killed."""

import threading

import pytest

from ruleengine.model.actions import Change, Outcome, Result
from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.secrets import MASK
from ruleengine.reconcile.executor import Execution
from tests.cluster.fake_api import WRITES
from tests.reconcile.kit import Setting, config_map, crd, declare

SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
DATABASE = {
    "apiVersion": "example.com/v1",
    "kind": "Database",
    "metadata": {"name": "main", "namespace": "shop"},
    "spec": {"size": 3},
}
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "login", "namespace": "shop"},
    "stringData": {"password": "hunter2"},
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "creationTimestamp": None},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1",
                        "ports": [{"containerPort": 80}],
                        "resources": {"limits": {"cpu": "1000m"}},
                    }
                ]
            },
        },
    },
}
ALL = [config_map(colour="red"), crd(), DATABASE, SECRET, DEPLOYMENT]


def results(outcomes: tuple[Outcome, ...]) -> dict[str, Result]:
    """Return the results by object."""
    return {str(one.planned.action.target): one.result for one in outcomes}


def test_applying_twice_changes_nothing_the_second_time() -> None:
    """Everything is created in order; then everything is unchanged, with zero writes."""
    setting = Setting()
    first = setting.apply(*map(declare, ALL))
    assert set(results(first).values()) == {Result.CREATED}
    written = len(setting.api.writes)
    second = setting.apply(*map(declare, ALL))
    assert set(results(second).values()) == {Result.UNCHANGED}
    assert sum(one.writes for one in second) == 0
    assert len(setting.api.writes) == written


def test_namespaces_and_definitions_come_first() -> None:
    """What others need is applied before them; needed namespaces are made."""
    plan = Setting().plan(*map(declare, ALL))
    kinds = [one.action.target.kind for one in plan.actions]
    assert kinds[:3] == ["Namespace", "Namespace", "CustomResourceDefinition"]
    assert kinds[-1] == "Database"
    assert {one.change for one in plan.actions} == {Change.CREATE}


def test_a_plan_writes_nothing() -> None:
    """Planning performs reads only."""
    setting = Setting()
    setting.plan(*map(declare, ALL))
    assert setting.api.writes == []


def test_a_plan_shows_which_fields_change() -> None:
    """A hand edit is drift."""
    setting = Setting()
    setting.apply(declare(config_map(colour="red")))
    live = setting.api.live("ConfigMap", "web", "shop")
    setting.api.add({**live, "data": {"colour": "blue"}})
    plan = setting.plan(declare(config_map(colour="red")))
    (change,) = plan.changes
    assert change.change is Change.UPDATE
    (difference,) = change.differences
    assert (difference.path, difference.old, difference.new) == (("data", "colour"), "blue", "red")


def test_secrets_never_show_in_a_plan() -> None:
    """The keys are seen, the values are masked."""
    plan = Setting().plan(declare(SECRET))
    shown = repr(plan)
    assert "hunter2" not in shown
    assert "aHVudGVyMg" not in shown
    assert MASK in shown


def test_taking_ownership_happens_once() -> None:
    """An object with equal values and another manager is taken over, and then is quiet."""
    setting = Setting()
    setting.apply(declare(config_map(colour="red")))
    live = setting.api.live("ConfigMap", "web", "shop")
    entry = {**live["metadata"]["managedFields"][0], "manager": "kubectl"}
    live["metadata"]["managedFields"] = [entry]
    (change,) = setting.plan(declare(config_map(colour="red"))).changes
    assert (change.change, change.message) == (Change.UPDATE, "takes ownership")
    setting.apply(declare(config_map(colour="red")))
    assert setting.plan(declare(config_map(colour="red"))).changes == ()


def test_one_failing_object_does_not_hide_the_others() -> None:
    """The failure is an outcome with the server's words; all else is applied."""
    setting = Setting()

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and request.path.endswith("/bad") and request.method == "PATCH":
            body = b'{"reason":"Invalid","code":422,"message":"bad is invalid"}'
            return HttpResponse(status=422, body=body)
        return None

    setting.api.fault = fault
    outcomes = setting.apply(*(declare(config_map(name)) for name in ("bad", "good", "other")))
    found = results(outcomes)
    assert found["ConfigMap/shop/bad"] is Result.FAILED
    assert found["ConfigMap/shop/good"] is found["ConfigMap/shop/other"] is Result.CREATED
    assert any("bad is invalid" in one.message for one in outcomes)


@pytest.mark.parametrize(
    ("broken", "dependent"),
    [("/namespaces/shop", "ConfigMap/shop/web"), ("databases.example.com", "Database/shop/main")],
)
def test_dependents_of_a_failed_ground_are_skipped(broken: str, dependent: str) -> None:
    """Nothing is tried inside a namespace, or of a kind, that could not be made."""
    setting = Setting()

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and request.path.endswith(broken) and request.method == "PATCH":
            return HttpResponse(status=403, body=b'{"reason":"Forbidden","code":403}')
        return None

    setting.api.fault = fault
    outcomes = setting.apply(*map(declare, ALL))
    assert results(outcomes)[dependent] is Result.SKIPPED
    assert any("could not be" in one.message for one in outcomes)


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(status: int) -> None:
    """Conflicts over versions, busy and failing servers do not fail an action."""
    setting = Setting()
    seen: set[str] = set()

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        first = request.path not in seen and request.method == "PATCH"
        if when == "before" and first:
            seen.add(request.path)
            return HttpResponse(status=status, body=b'{"reason":"Conflict"}')
        return None

    setting.api.fault = fault
    assert set(results(setting.apply(*map(declare, ALL))).values()) == {Result.CREATED}


def test_a_conflict_without_force_names_the_managers() -> None:
    """The action is not forced, and the outcome says whose fields are in the way."""
    from dataclasses import replace

    setting = Setting()
    setting.apply(declare(config_map(colour="red")))
    live = setting.api.live("ConfigMap", "web", "shop")
    entry = {**live["metadata"]["managedFields"][0], "manager": "alice"}
    live["metadata"]["managedFields"] = [entry]
    outcomes = setting.apply(replace(declare(config_map(colour="blue")), force=False))
    (outcome,) = (one for one in outcomes if one.result is not Result.UNCHANGED)
    assert outcome.result is Result.CONFLICT
    assert "alice" in outcome.message


def test_an_unknown_foreign_kind_waits_and_is_told() -> None:
    """It is an info, and everything else is applied."""
    setting = Setting()
    plan = setting.plan(declare(DATABASE), declare(config_map()))
    assert [one.code for one in plan.findings] == ["plan-kind-unknown"]
    found = results(setting.apply(declare(DATABASE), declare(config_map())))
    assert found["Database/shop/main"] is Result.WAITING
    assert found["ConfigMap/shop/web"] is Result.CREATED


def test_an_unknown_field_is_refused_before_it_is_sent() -> None:
    """The plan says which field."""
    setting = Setting()
    plan = setting.plan(declare({**config_map(), "colour": "red"}))
    refused = [one for one in plan.actions if one.change is Change.REFUSED]
    assert ".colour" in refused[0].message


def test_a_definition_of_somebody_else_is_left_alone() -> None:
    """A CRD that is not ours is never written."""
    setting = Setting()
    other = crd()
    other["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {"type": "object"}}
    setting.api.add(other)
    found = results(setting.apply(declare(crd())))
    assert found["CustomResourceDefinition/databases.example.com"] is Result.UNCHANGED
    assert not any("customresourcedefinitions" in one for one in setting.api.writes)


def test_objects_are_foreseen_as_the_definition_of_somebody_else_has_them() -> None:
    """One that owns a spec as a whole, and declares what may be in it; ours is not asked."""
    setting = Setting()
    other, whole = crd(), {"type": "object", "x-kubernetes-map-type": "atomic"}
    described = {**whole, "properties": {"size": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"spec": described}}
    other["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": schema}
    setting.api.add(other)
    setting.apply(declare(crd()), declare(DATABASE))
    assert [*setting.plan(declare(crd()), declare(DATABASE)).changes] == []
    larger = {**DATABASE, "spec": {"size": 3, "colour": "red"}}
    (refused,) = setting.plan(declare(crd()), declare(larger)).changes
    assert (refused.change, "colour" in refused.message) == (Change.REFUSED, True)


def test_argo_documents_without_a_reconciler_are_recorded() -> None:
    """They are applied, and the plan says that nobody acts on them yet."""
    experiment = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Experiment",
        "metadata": {"name": "try", "namespace": "shop"},
        "spec": {},
    }
    plan = Setting().plan(declare(experiment, "rollouts/try.yaml"))
    assert [str(one) for one in plan.recorded] == ["Experiment/shop/try"]


def test_cancelling_leaves_a_state_that_the_next_run_completes() -> None:
    """What was not tried is skipped; running again gives what was wanted."""
    whole, setting = Setting(), Setting()
    whole.apply(*map(declare, ALL))
    cancel = threading.Event()
    seen: list[Outcome] = []

    def progress(outcome: Outcome) -> None:
        seen.append(outcome)
        if len(seen) == 4:
            cancel.set()

    execution = Execution(workers=1, cancel=cancel, progress=progress)
    outcomes = setting.apply(*map(declare, ALL), execution=execution)
    assert Result.SKIPPED in results(outcomes).values()
    assert len(outcomes) == len(seen)
    setting.apply(*map(declare, ALL))
    assert setting.state() == whole.state()


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_killed_at_any_write_is_completed_by_the_next(when: str) -> None:
    """For every n: killed at the n-th write and run again gives the same end state."""
    before = [*map(declare, [*ALL, config_map("old"), config_map("older")])]
    after = [*map(declare, [*ALL, config_map("new")])]
    whole = Setting()
    whole.apply(*before)
    start = len(whole.api.writes)
    whole.apply(*after)
    writes = len(whole.api.writes) - start
    assert writes >= 5
    for number in range(writes):
        setting = Setting()
        setting.apply(*before)
        left = [number]

        def fault(request: HttpRequest, at: str, left: list[int] = left) -> None:
            if at == when and request.method in WRITES:
                if left[0] == 0:
                    raise KilledError
                left[0] -= 1

        setting.api.fault = fault
        with pytest.raises(KilledError):
            setting.apply(*after)
        setting.api.fault = lambda *_: None
        setting.apply(*after)
        assert setting.state() == whole.state()
        assert setting.plan(*after).changes == ()


def test_a_server_that_goes_away_fails_the_rest() -> None:
    """The actions that were not tried say why."""
    setting = Setting()

    def fault(request: HttpRequest, _: str) -> None:
        if request.path.endswith("/configmaps/b"):
            raise UnreachableError("no server answers", "start it")

    names = ("a", "b", "c")
    plan_free = [declare(config_map(name)) for name in names]
    setting.api.add(SHOP)
    surroundings = setting.surroundings()
    plan = setting.plan(*plan_free, surroundings=surroundings)
    setting.api.fault = fault
    from ruleengine.reconcile.executor import perform
    from tests.reconcile.kit import quiet

    execution = Execution(workers=1, retrying=quiet())
    found = results(perform(plan, surroundings.client, None, execution))
    assert found["ConfigMap/shop/a"] is Result.CREATED
    assert found["ConfigMap/shop/b"] is Result.FAILED
    assert found["ConfigMap/shop/c"] is Result.SKIPPED


def test_many_objects_are_applied_side_by_side() -> None:
    """Several workers give the same end as one."""
    names = [f"web-{number}" for number in range(30)]
    one, many = Setting(), Setting()
    actions = [declare(config_map(name)) for name in names]
    one.apply(*actions)
    many.apply(*actions, execution=Execution(workers=4))
    assert one.state() == many.state()


def test_an_object_without_the_namespace_it_needs_is_refused() -> None:
    """It is not sent, and the plan says what is missing."""
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}}
    plan = Setting().plan(declare(value))
    refused = [one for one in plan.actions if one.change is Change.REFUSED]
    assert "metadata.namespace is missing" in refused[0].message
