"""What machines get: one object with ``apiVersion: ruleengine.dev/v1`` and a kind.

The shapes are those of the design, section 9, with JSON Schemas in ``schemas/output/``.
JSON and YAML are two spellings of the same data.
"""

from collections.abc import Iterable, Sequence

from ruleengine.model.actions import (
    ABSENT,
    Change,
    Difference,
    Outcome,
    Plan,
    PlannedAction,
    Target,
)
from ruleengine.model.documents import Origin
from ruleengine.model.findings import Finding, Place, Severity, order_findings
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object, format_path
from ruleengine.reporting.masking import shown_differences

STRUCTURED = ("json", "yaml")
"""The output formats of :func:`as_text`."""


def envelope(kind: str, body: Object) -> Object:
    """Return ``body`` with what tells scripts its format, first."""
    return {"apiVersion": API_VERSION, "kind": kind, **body}


def as_text(data: Object, output: str) -> str:
    """Return data as ``json`` (indented) or ``yaml``. Raises ``ValueError`` for other formats."""
    if output == "json":
        import json  # the standard library: key order and indentation as people expect them

        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    if output == "yaml":
        from ruleengine.formats import yaml_writer

        return yaml_writer.write(data)
    raise ValueError(f"{output!r} is no structured format")


def finding_data(finding: Finding) -> Object:
    """Return one finding: severity, code, message, remedy, path, line, column, related."""
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "message": finding.message,
        "remedy": finding.remedy,
        **place_data(finding.place),
        "related": [{**place_data(one.place), "message": one.message} for one in finding.related],
    }


def place_data(place: Place) -> Object:
    """Return a place as three fields; 0 means unknown."""
    return {"path": place.path, "line": place.line, "column": place.column}


def findings_data(findings: Iterable[Finding], extra: Object | None = None) -> Object:
    """Return the envelope ``Findings``. ``extra`` adds what a command knows besides."""
    ordered = order_findings(findings)
    totals = {
        severity.value: sum(one.severity is severity for one in ordered) for severity in Severity
    }
    body = {"summary": totals, "findings": [finding_data(one) for one in ordered]}
    return envelope("Findings", {**body, **(extra or {})})


def plan_data(plan: Plan) -> Object:
    """Return the envelope ``Plan``: actions in order, findings, and what follows."""
    totals = {change.value: sum(one.change is change for one in plan.actions) for change in Change}
    return envelope(
        "Plan",
        {
            "revision": plan.revision,
            "summary": totals,
            "actions": [planned_data(one) for one in plan.actions],
            "then": list(plan.then),
            "recorded": [target_data(one) for one in plan.recorded],
            "findings": [finding_data(one) for one in order_findings(plan.findings)],
        },
    )


def outcomes_data(outcomes: Sequence[Outcome], extra: Object | None = None) -> Object:
    """Return the envelope ``Outcomes``: every planned action with its result."""
    totals: dict[str, int] = {}
    for outcome in outcomes:
        totals[outcome.result.value] = totals.get(outcome.result.value, 0) + 1
    body = {
        "summary": totals,
        "writes": sum(one.writes for one in outcomes),
        "outcomes": [outcome_data(one) for one in outcomes],
    }
    return envelope("Outcomes", {**body, **(extra or {})})


def outcome_data(outcome: Outcome) -> Object:
    """Return one outcome: its planned action, result, message and number of writes."""
    return {
        **planned_data(outcome.planned),
        "result": outcome.result.value,
        "message": outcome.message,
        "writes": outcome.writes,
    }


def planned_data(planned: PlannedAction) -> Object:
    """Return one planned action: verb, target, change, diff, origin, area, message."""
    action = planned.action
    return {
        "verb": action.verb.value,
        "target": target_data(action.target),
        "change": planned.change.value,
        "diff": [
            difference_data(one) for one in shown_differences(action.target, planned.differences)
        ],
        "origin": origin_data(action.origin),
        "area": planned.area,
        "message": planned.message or action.refusal,
    }


def target_data(target: Target) -> Object:
    """Return the identity of an object."""
    return {
        "cluster": target.cluster,
        "apiVersion": target.api_version,
        "kind": target.kind,
        "namespace": target.namespace,
        "name": target.name,
    }


def difference_data(difference: Difference) -> Object:
    """Return one field that differs; an absent side is left out, which ``null`` is not."""
    data: Object = {"path": format_path(difference.path)}
    if difference.old is not ABSENT:
        data["old"] = difference.old
    if difference.new is not ABSENT:
        data["new"] = difference.new
    return data


def origin_data(origin: Origin | None) -> Object | None:
    """Return where something came from, or nothing where no document stands behind it."""
    if origin is None:
        return None
    return {"path": origin.path, "line": origin.line, "rule": origin.rule, "commit": origin.commit}
