"""Receivers over real sockets on loopback: stored first, then acknowledged."""

import http.client
import itertools
import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from ruleengine.model.errors import StoreError
from ruleengine.model.secrets import Secret
from ruleengine.triggers.source_specification import Route, SecretKey
from ruleengine.web.answering import Answering
from ruleengine.web.receivers import LOOPBACK, Offer, Receivers
from ruleengine.web.storing import Stored, Storing

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """Receivers, and a bus that remembers in memory; it can fail."""

    port: int = field(default_factory=free_port)
    batches: list[Sequence[Stored]] = field(default_factory=list)
    told: int = 0
    failing: bool = False

    def __post_init__(self) -> None:
        """Begin."""
        ids = (f"id-{number}" for number in itertools.count())
        self.storing = Storing(self.store, self.tell)
        answering = Answering(storing=self.storing, new_id=lambda: next(ids), now=lambda: NOW)
        self.receivers = Receivers(answering)

    def store(self, events: Sequence[Stored]) -> None:
        """Store as a bus does."""
        if self.failing:
            raise StoreError("the disk is full", "free space")
        self.batches.append(events)

    def tell(self, problem: str) -> None:
        """Count how often it was said that there is something new."""
        self.told += not problem

    def offer(self, *events: str, owner: str = "shop/on-push", **fields: object) -> Offer:
        """Return an offer of some events, each at the path of its name."""
        tokens = {name: fields.pop("known", None) for name in events if "token" in fields}
        known = {"type": "webhook", "port": self.port, "method": "POST", **fields}
        routes = tuple(Route(event=name, **{"endpoint": f"/{name}", **known}) for name in events)
        return Offer(
            owner=owner, source="on-push", bus="shop/default", routes=routes, tokens=tokens
        )

    def send(
        self, path: str = "/push", body: str = "{}", method: str = "POST", **headers: str
    ) -> tuple[int, str]:
        """Send a request; return status and text of the answer."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=10)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, names)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """Return receivers that are closed at the end."""
    made = Site()
    yield made
    made.receivers.close()
    made.storing.close()


def test_an_event_is_stored_and_then_acknowledged(site: Site) -> None:
    """It is a CloudEvent of its EventSource, for the bus of that; the loop is told of it."""
    serving = site.receivers.serve(site.offer("push"))
    assert serving.addresses == {"push": f"http://{LOOPBACK}:{site.port}/push"}
    assert site.send(body='{"ref": "main"}', X_Kind="push") == (200, "success")
    ((bus, event),) = site.batches[0]
    assert bus == "shop/default"
    assert event.context == {
        "id": "id-0",
        "source": "on-push",
        "specversion": "1.0",
        "type": "webhook",
        "datacontenttype": "application/json",
        "subject": "push",
        "time": "2026-01-02T03:04:05Z",
    }
    data = json.loads(event.data)
    assert (data["body"], data["header"]["X-Kind"]) == ({"ref": "main"}, ["push"])
    assert "Host" not in data["header"]
    assert site.told == 1


def test_an_event_that_cannot_be_stored_is_not_acknowledged(site: Site) -> None:
    """The sender is told to try again; what is wrong with our disk is not its business."""
    site.receivers.serve(site.offer("push"))
    site.failing = True
    assert site.send() == (500, "failed to record event")
    site.failing = False
    assert site.send() == (200, "success")
    assert site.told == 1


def test_what_is_not_offered_is_not_there(site: Site) -> None:
    """Paths match exactly; the health of a port needs no token."""
    site.receivers.serve(site.offer("push"))
    assert site.send("/push/")[0] == 404
    assert site.send("/other")[0] == 404
    assert site.send(method="PUT") == (400, "http method does not match")
    assert site.send("/health", method="GET") == (200, "OK")
    assert site.send("/push?x=1")[0] == 200


def test_a_body_beyond_the_limit_is_not_taken_in(site: Site) -> None:
    """Refused as soon as it is too large."""
    site.receivers.serve(site.offer("push", largest=10))
    status, text = site.send(body='"12345678901"')
    assert (status, text.rpartition(", ")[2]) == (400, "http: request body too large")
    assert site.send(body='"12345678"') == (200, "success")


def test_a_token_is_asked_for(site: Site) -> None:
    """One that cannot be read lets nobody in."""
    key = SecretKey(name="hook", key="token")
    site.receivers.serve(site.offer("push", token=key, known=Secret("s3cret")))
    assert site.send()[0] == 401
    assert site.send(Authorization="Bearer s3cret") == (200, "success")
    site.receivers.serve(site.offer("push", token=key))
    assert site.send(Authorization="Bearer s3cret") == (500, "Error loading auth token")


def test_a_web_page_of_another_site_starts_nothing(site: Site) -> None:
    """A browser may post to loopback from any page; programs send no origin."""
    site.receivers.serve(site.offer("push"))
    assert site.send(Origin="https://evil.example")[0] == 403
    assert site.send(Origin="null")[0] == 403
    assert site.send(Origin=f"http://localhost:{site.port}")[0] == 200
    assert len(site.batches) == 1


def test_event_sources_share_a_port_but_no_path(site: Site) -> None:
    """The first keeps the path, the second is told; it gets it when the first is gone."""
    site.receivers.serve(site.offer("push"))
    second = site.offer("push", "tag", owner="shop/other")
    serving = site.receivers.serve(second)
    assert list(serving.addresses) == ["tag"]
    assert "is received by shop/on-push already" in serving.refusals["push"]
    assert (site.send("/push")[0], site.send("/tag")[0]) == (200, 200)
    site.receivers.withdraw("shop/on-push")
    assert site.send("/push")[0] == 404
    assert list(site.receivers.serve(second).addresses) == ["push", "tag"]
    same = site.offer("a", "b", endpoint="/same", owner="shop/third")
    assert "is the event a" in site.receivers.serve(same).refusals["b"]


def test_a_port_is_open_for_as_long_as_it_is_wanted(site: Site) -> None:
    """And one that another program has is said to be taken."""
    site.receivers.serve(site.offer("push"))
    other = site.offer("push", port=free_port())
    assert site.receivers.serve(other).addresses["push"].endswith(f":{other.routes[0].port}/push")
    with pytest.raises(ConnectionRefusedError):
        site.send()
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        clash = site.offer("push", port=taken.getsockname()[1])
        refusal = site.receivers.serve(clash).refusals["push"]
        assert "cannot be opened" in refusal
        assert "choose another port" in refusal
    assert site.receivers.serve(clash).refusals == {}
