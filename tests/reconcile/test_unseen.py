"""What a run may not read is told once, and everything else goes on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError, ForbiddenError
from ruleengine.cluster.watches import Changed
from ruleengine.model.actions import Target
from ruleengine.model.decisions import Decision, World
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.http import HttpRequest, HttpResponse
from ruleengine.model.values import Object
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.surroundings import Surroundings
from tests.reconcile.kit import config_map, quiet
from tests.reconcile.test_settling import Counter, Scene, workflow

WORDS = "User 'jane' cannot list resource"


@dataclass
class Watcher(Counter):
    """Of another area: looks for ConfigMaps, all of them."""

    area = "rollouts"
    kind = "Rollout"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return how many there are."""
        self.asked.append(value["metadata"]["name"])
        del now, memo
        return Decision(status={"found": len(world.list("v1", "ConfigMap", "shop"))})


class Parent(Counter):
    """Creates an object of the other area."""

    def _child(self, name: str, number: int) -> Object:
        del name, number
        return rollout()


class Blind(PollFeed):
    """Is refused what has been made since the beginning."""

    def get(self, target: Target) -> Object | None:
        """Return an object that has always been there."""
        found = super().get(target)
        if found is not None and target.kind == "ConfigMap":
            raise ForbiddenError(403, "Forbidden", "not now")
        return found

    def follows(self, api_version: str, kind: str) -> bool:
        """Tell that nothing is followed."""
        del api_version, kind
        return False


class Watched(PollFeed):
    """Goes on trying, as a watch does."""

    def changes(self, timeout: float) -> Sequence[Changed]:
        """Return what differs; nothing while the server refuses to tell."""
        try:
            return super().changes(timeout)
        except ApiError:
            return ()


class Sweeper(Watcher):
    """Looks for what it owns among all kinds."""

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return how many there are."""
        del now, memo
        index = ("owner", value["metadata"].get("uid", ""))
        return Decision(status={"found": len(world.list("", "", "", index))})


def forbidding(*plurals: str) -> Callable[[HttpRequest, str], HttpResponse | None]:
    """Return the fault of a server that lets nobody list some kinds."""

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when != "before" or request.method != "GET" or not request.path.endswith(plurals):
            return None
        body = {"kind": "Status", "reason": "Forbidden", "code": 403, "message": WORDS}
        return HttpResponse(status=403, headers={}, body=json.dumps(body).encode())

    return fault


def run(
    scene: Scene,
    told: list[Finding],
    other: Counter | None = None,
    first: Counter | None = None,
    feed: type[PollFeed] = PollFeed,
) -> Settled:
    """Settle with reconcilers of two areas."""
    client = Client(scene.api, quiet())
    return settle(
        Surroundings.of(client, [first or Counter(), other or Watcher()]),
        Settling(
            now=lambda: scene.now,
            feed=feed(client, scene.sleep),
            deadline=scene.now + timedelta(seconds=60),
            found=told.append,
            retrying=quiet(),
        ),
    )


def rollout() -> Object:
    """Return an object of the other area."""
    return {**workflow("two"), "kind": "Rollout"}


def test_areas_whose_kinds_may_not_be_listed_are_told_of_together_and_once() -> None:
    """Nothing of theirs is touched; those that remain are driven."""
    scene, told = Scene(), []
    scene.api.add(workflow("one"))
    scene.api.add(rollout())
    scene.api.fault = forbidding("/rollouts")
    settled = run(scene, told)
    assert scene.status("one") == {"phase": "Succeeded", "made": 3}
    assert "status" not in scene.api.live("Rollout", "two", "shop")
    (finding,) = told
    assert settled.findings == (finding,)
    assert (finding.code, finding.severity) == ("plan-kind-unreadable", Severity.WARNING)
    assert "Rollout (rollouts)" in finding.message
    assert "Workflow" not in finding.message


def test_what_is_made_of_a_kind_that_is_left_alone_is_left_to_others() -> None:
    """An object of the other area that a decision creates is not decided about."""
    scene, told = Scene(), []
    scene.api.add(workflow("one", 1))
    scene.api.fault = forbidding("/rollouts")
    other = Watcher()
    run(scene, told, other, Parent())
    assert scene.api.live("Rollout", "two", "shop")["spec"] == {"count": 3}
    assert other.asked == []


def test_what_is_awaited_and_may_not_be_read_ends_no_run() -> None:
    """Its object is decided again, a moment later."""
    scene, told = Scene(), []
    scene.api.add(workflow("one", 1))
    scene.api.add(rollout())
    run(scene, told, feed=Blind)
    assert scene.api.live("Rollout", "two", "shop")["status"] == {"found": 1}
    assert scene.status("one") == {"phase": "Succeeded", "made": 1}


def test_what_a_decision_reads_and_may_not_is_told_with_the_words_of_the_server() -> None:
    """The decision finds none of it."""
    scene, told = Scene(), []
    scene.api.add(rollout())
    scene.api.add(config_map("web"))
    scene.api.fault = forbidding("/configmaps")
    run(scene, told)
    assert scene.api.live("Rollout", "two", "shop")["status"] == {"found": 0}
    (finding,) = told
    assert "ConfigMap of v1" in finding.message
    assert finding.message.endswith(WORDS)


def test_what_is_only_looked_through_is_left_out_in_silence() -> None:
    """An index over all kinds takes those that may be read."""
    scene, told = Scene(), []
    scene.api.add(rollout())
    scene.api.add({**config_map("web"), "kind": "Secret"})
    scene.api.fault = forbidding("/secrets")
    settled = run(scene, told, Sweeper())
    assert scene.api.live("Rollout", "two", "shop")["status"] == {"found": 0}
    assert (settled.findings, told) == ((), [])


def test_credentials_that_are_refused_are_told_once_each_time_and_tried_again() -> None:
    """With the remedy; what they were good for until then, and after, is done."""
    scene, told = Scene(), []
    scene.api.add(workflow("one"))
    refused_until, good = scene.now, [True, False, True, False]

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        nonlocal refused_until
        if scene.now >= refused_until:
            writes = when == "before" and request.method != "GET"
            if not writes or not good or good.pop():
                return None
            refused_until = scene.now + timedelta(seconds=3)
        body = {"kind": "Status", "reason": "Unauthorized", "code": 401, "message": "who?"}
        return HttpResponse(status=401, headers={}, body=json.dumps(body).encode())

    scene.api.fault = fault
    settled = run(scene, told, feed=Watched)
    assert scene.status("one") == {"phase": "Succeeded", "made": 3}
    assert [one.code for one in told] == ["plan-credentials-refused"] * 2
    assert settled.findings == (told[0],)
    assert "(401): who?" in told[0].message
    assert "kubeconfig" in told[0].remedy


def test_who_may_read_everything_is_told_nothing() -> None:
    """Also where a kind is not there at all."""
    scene, told = Scene(), []
    scene.api.add(workflow("one"))
    assert run(scene, told).findings == ()
    assert told == []
