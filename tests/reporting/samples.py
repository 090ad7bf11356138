"""Values that several tests of reporting show."""

from ruleengine.model.actions import (
    ABSENT,
    Action,
    Change,
    Difference,
    Outcome,
    Plan,
    PlannedAction,
    Result,
    Target,
    Verb,
)
from ruleengine.model.documents import Origin
from ruleengine.model.findings import Finding, Place, Related, Severity

WEB = Target("apps/v1", "Deployment", "staging", "web")
PASSWORD = Target("v1", "Secret", "staging", "database")
ORIGIN = Origin(path="environments/staging/web.yaml", line=3, rule="environment-short-form")

WRONG = Finding(
    severity=Severity.ERROR,
    code="schema-field-unknown",
    message='the field "replica" is not known',
    remedy='did you mean "replicas"?',
    place=Place("rollouts/web.yaml", 2, 3),
    related=(Related(Place("schemas/rollout.json"), "the schema"),),
)
DOUBTFUL = Finding(
    severity=Severity.WARNING,
    code="policy-tag-missing",
    message="the image has no tag",
    remedy="name a tag",
    place=Place("pipelines/build.yaml", 7),
)


def planned(
    change: Change = Change.UPDATE,
    target: Target = WEB,
    differences: tuple[Difference, ...] = (Difference(("spec", "replicas"), 2, 3),),
    origin: Origin | None = ORIGIN,
) -> PlannedAction:
    """Return a planned server-side apply."""
    action = Action(verb=Verb.APPLY, target=target, manager="ruleengine", origin=origin)
    return PlannedAction(action=action, change=change, differences=differences)


SECRET_CHANGE = planned(
    target=PASSWORD,
    differences=(
        Difference(("data", "password"), "b2xk", "bmV3"),
        Difference(("stringData",), ABSENT, {"token": "hunter2"}),
        Difference(
            ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"),
            '{"data":{"password":"b2xk"}}',
            ABSENT,
        ),
    ),
)
PLAN = Plan(actions=(planned(), SECRET_CHANGE, planned(Change.UNCHANGED, differences=())))


def outcome(result: Result, *, writes: int = 1, message: str = "") -> Outcome:
    """Return an outcome of the planned change of ``WEB``."""
    return Outcome(planned=planned(), result=result, message=message, writes=writes)
