"""What Argo Events refuses is refused, as far as one field after the other can tell."""

import json

import pytest

from tests.schemas.reading import CHECKER, documents, errors
from tests.vectors import vectors_folder

_STRICTER = {"data unknown type passes validation"}
"""Accepted upstream and then failing for every event: we say so before."""

_BEYOND_SCHEMAS = {
    "conditionsReset zone",
    "duplicate trigger",
    "nats payload empty dest refused",
    "same event name in two kinds",
    "template parameter without dest",
    "time bad zone",
    "time equal start stop",
    "webhook with calendar refused",
}
"""Rules that compare fields, or need a list of time zones; not a matter of schemas."""


@pytest.mark.vectors
def test_event_documents_are_judged_as_upstream_judges_them() -> None:
    """Refused where upstream refuses, accepted where it accepts, but for the named ones."""
    vectors = json.loads((vectors_folder("events") / "vectors.json").read_text())["vectors"]
    cases = [one for one in vectors if one["fn"].startswith("validate")]
    differing = set()
    for case in cases:
        kind = case["fn"].removeprefix("validate")
        value = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": kind,
            "metadata": {"name": "a"},
            "spec": case["in"]["spec"],
        }
        (document,) = documents(json.dumps(value), "triggers/a.json")
        if bool(errors(CHECKER.check(document))) is not bool(case["out"].get("error")):
            differing.add(case["case"])
    print(f"events validation: {len(cases)} cases, {len(differing)} judged otherwise")
    assert len(cases) >= 50
    assert differing == _STRICTER | _BEYOND_SCHEMAS
