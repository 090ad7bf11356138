"""Which refusals of a server stand, so that whoever waits for the object can give it up."""

import json

import pytest

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Action, Change, PlannedAction, Target, Verb
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.reconcile.writing import Writer
from tests.cluster.fake_api import FakeApi

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "a"}}


@pytest.mark.parametrize(
    ("code", "reason", "message", "final"),
    [
        (422, "Invalid", "spec.containers: Required value", True),
        (403, "Forbidden", 'pods "p" is forbidden: violates PodSecurity "restricted:latest"', True),
        (403, "Forbidden", 'pods "p" is forbidden: serviceaccount "none" not found', True),
        (403, "Forbidden", 'pods "p" is forbidden: exceeded quota: q, requested: pods=1', False),
        (403, "Forbidden", "pods is forbidden: User cannot create resource", False),
        (403, "Forbidden", "unable to create new content: a is being terminated", False),
        (500, "InternalError", "etcdserver: request timed out", False),
    ],
)
def test_what_a_policy_forbids_stays_forbidden(
    code: int, reason: str, message: str, *, final: bool
) -> None:
    """Room in a quota comes and goes, and rights are given later; a policy says the same again."""
    body = {"kind": "Status", "code": code, "reason": reason, "message": message}

    def refused(request: HttpRequest, _: str) -> HttpResponse | None:
        answer = HttpResponse(status=code, body=json.dumps(body).encode())
        return answer if request.method == "POST" else None

    action = Action(verb=Verb.CREATE, target=Target.of(POD), manager="m", object=POD)
    planned = PlannedAction(action=action, change=Change.CREATE)
    refusal = Writer(Client(FakeApi(fault=refused))).perform(planned).refusal
    assert refusal is not None
    assert (refusal.final, message in refusal.message) == (final, True)
