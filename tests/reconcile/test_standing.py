"""Standing requests: answers that come later, change, and end; and a loop without an end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ruleengine.cluster.client import Client
from ruleengine.model.actions import Action, Target, Verb
from ruleengine.model.decisions import Answer, Decision, Next, Request, Stop, World
from ruleengine.model.errors import UnreachableError
from ruleengine.model.values import Object, lookup
from ruleengine.reconcile.feeds import PollFeed
from ruleengine.reconcile.settling import Settled, Settling, settle
from ruleengine.reconcile.standing import News
from ruleengine.reconcile.surroundings import Surroundings
from tests.cluster.fake_api import FakeApi
from tests.reconcile.kit import config_map, quiet

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
API_VERSION = "argoproj.io/v1alpha1"
LISTENER = Target(API_VERSION, "Sensor", "shop", "ears")


@dataclass
class Listener:
    """Asks for what is said on its channel, and repeats it in its status."""

    area = "toy"
    api_version = API_VERSION
    kind = "Sensor"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return what was heard."""
        del now, memo
        channel = lookup(value, "spec", "channel")
        request = Request(kind="words", payload={"channel": channel}, standing=True)
        answer = world.answer(request)
        following = Next(stop=Stop.FOR, message=f"waiting for words on {channel}")
        if answer is None:
            return Decision(requests=(request,), next=following)
        return Decision(status={"phase": answer.error or str(answer.value)}, next=following)


@dataclass
class Speaker:
    """Answers with what was said; remembers who stopped to listen."""

    said: dict[str, str] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    exclusive: bool = False
    broken: bool = False
    asked: int = 0

    def answer(self, request: Request) -> Answer | None:
        """Return the last word on a channel."""
        self.asked += 1
        if self.broken:
            raise UnreachableError("nobody speaks", "wait")
        word = self.said.get(request.payload["channel"])
        return None if word is None else Answer(value=word)

    def end(self, request: Request) -> None:
        """Note that nobody listens any more."""
        self.ended.append(request.payload["channel"])


@dataclass
class Scene:
    """A server, a clock that moves while the loop waits, and what happens at which second."""

    api: FakeApi = field(default_factory=FakeApi)
    speaker: Speaker = field(default_factory=Speaker)
    news: News = field(default_factory=News)
    cancel: threading.Event = field(default_factory=threading.Event)
    acts: dict[int, Callable[[], None]] = field(default_factory=dict)
    now: datetime = START

    def __post_init__(self) -> None:
        """Make what every test needs."""
        self.api.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        self.listen("news")

    def listen(self, channel: str) -> None:
        """Declare the listener, or have it listen to another channel."""
        metadata = {"name": "ears", "namespace": "shop"}
        kind = {"apiVersion": API_VERSION, "kind": "Sensor"}
        client = Client(self.api, quiet())
        client.apply({**kind, "metadata": metadata, "spec": {"channel": channel}}, "user")

    def say(self, channel: str, word: str) -> None:
        """Say something, and tell the loop."""
        self.speaker.said[channel] = word
        self.news.tell("words")

    def sleep(self, seconds: float) -> None:
        """Let time pass, and happen what happens then."""
        self.now += timedelta(seconds=max(seconds, 0.01))
        for second in sorted(self.acts):
            if START + timedelta(seconds=second) <= self.now:
                self.acts.pop(second)()

    def run(
        self,
        *others: object,
        seconds: float | None = None,
        known: bool = True,
        lease: object = None,
    ) -> Settled:
        """Settle; without ``seconds`` until cancelled."""
        client = Client(self.api, quiet())
        surroundings = Surroundings(
            client=client,
            shapes=Surroundings.of(client).shapes,
            reconcilers=[Listener(), *others],
            standing={"words": self.speaker} if known else {},
        )
        deadline = None if seconds is None else START + timedelta(seconds=seconds)
        settling = Settling(
            now=lambda: self.now,
            feed=PollFeed(client, self.sleep),
            deadline=deadline,
            news=self.news,
            cancel=self.cancel,
            leases={} if lease is None else {"toy": lease},
        )
        return settle(surroundings, settling)

    def heard(self) -> object:
        """Return what stands in the status of the listener."""
        return lookup(self.api.objects[LISTENER], "status", "phase")


def test_without_an_answer_the_object_waits_and_counts_as_settled() -> None:
    """A one-shot run ends; what nobody performs stays open, and is no finding."""
    for known in (True, False):
        scene = Scene()
        settled = scene.run(seconds=60, known=known)
        assert [one.message for one in settled.waiting] == ["waiting for words on news"]
        assert (settled.findings, settled.timed_out, settled.writes) == ((), False, 0)


def test_an_answer_that_is_there_at_once_is_taken_at_once() -> None:
    """What happened before the run began is part of its first decisions."""
    scene = Scene()
    scene.say("news", "hello")
    scene.run(seconds=60)
    assert scene.heard() == "hello"


def test_a_loop_without_a_deadline_hears_what_comes_later_and_what_changes() -> None:
    """It ends when it is cancelled, and nobody is unsettled then."""
    scene = Scene()
    heard = []
    scene.acts = {
        5: lambda: scene.say("news", "first"),
        10: lambda: (heard.append(scene.heard()), scene.say("news", "second")),
        15: lambda: (heard.append(scene.heard()), scene.cancel.set()),
    }
    settled = scene.run()
    assert heard == ["first", "second"]
    assert (settled.cancelled, settled.unsettled, settled.timed_out) == (True, (), False)


def test_news_without_a_change_decide_nothing() -> None:
    """Only those whose answer is another now are woken."""
    scene = Scene()
    scene.say("news", "hello")
    scene.acts = {second: lambda: scene.news.tell("words") for second in range(5, 50)}
    scene.acts[60] = scene.cancel.set
    assert scene.run().decisions <= 3


def test_a_request_ends_when_nobody_reads_it_any_more() -> None:
    """Because another is asked, or because the object is gone."""
    scene = Scene()
    scene.say("news", "hello")
    scene.acts = {
        5: lambda: scene.listen("weather"),
        10: lambda: Client(scene.api, quiet()).delete(LISTENER),
        15: scene.cancel.set,
    }
    scene.run()
    assert scene.speaker.ended == ["news", "weather"]


def test_a_performer_that_fails_is_an_answer() -> None:
    """The reconciler sees the error, and what comes after it."""
    scene = Scene(speaker=Speaker(broken=True))

    def mend() -> None:
        scene.speaker.broken = False
        scene.say("news", "hello")

    heard = []
    scene.acts = {5: lambda: (heard.append(scene.heard()), mend()), 10: scene.cancel.set}
    scene.run()
    assert [*heard, scene.heard()] == ["nobody speaks", "hello"]


@dataclass
class Elsewhere:
    """A lease that another process holds until it is given free."""

    held: bool = False
    free: bool = False
    why: str = "toy is driven by another process"
    pause: float = 1.0
    term: int = 0

    def look(self) -> None:
        """Look whether anybody has it, which changes nothing."""

    def left(self, term: int) -> float:
        """Return for how many seconds it stays ours."""
        return 10.0 if self.held and term == self.term else 0.0

    def hold(self) -> bool:
        """Tell whether it is ours."""
        self.held = self.held or self.free
        return self.held


def test_what_only_one_process_may_do_waits_for_the_lease() -> None:
    """An exclusive request is not even asked while another process drives; others are."""
    for exclusive in (True, False):
        scene, lease = Scene(speaker=Speaker(exclusive=exclusive)), Elsewhere()
        scene.say("news", "hello")
        asked = []
        scene.acts = {
            5: lambda: (asked.append(scene.speaker.asked), setattr(lease, "free", True)),  # noqa: B023 - called in this turn
            20: scene.cancel.set,
        }
        scene.run(lease=lease)
        assert bool(asked[0]) is not exclusive
        assert scene.heard() == "hello"


def test_what_was_heard_in_another_term_is_asked_again() -> None:
    """Whoever drove meanwhile may have ended it; no news have to come for that."""
    scene = Scene(speaker=Speaker(exclusive=True))
    lease = Elsewhere(free=True)
    scene.say("news", "hello")

    def lose_it_for_a_while() -> None:
        lease.term += 1
        scene.speaker.said["news"] = "bye"
        scene.api.add({**scene.api.objects[LISTENER], "status": {"phase": "theirs"}})

    scene.acts = {5: lose_it_for_a_while, 20: scene.cancel.set}
    scene.run(lease=lease)
    assert scene.heard() == "bye"


@dataclass
class Author:
    """Writes one object of the listener's kind."""

    area = "toy"
    api_version = API_VERSION
    kind = "EventSource"
    manager = "ruleengine-toy"

    def decide(self, value: Object, world: World, now: datetime, memo: object) -> Decision:
        """Return the listener to be."""
        del value, world, now, memo
        metadata = {"name": "more", "namespace": "shop"}
        kind = {"apiVersion": API_VERSION, "kind": "Sensor"}
        child = {**kind, "metadata": metadata, "spec": {"channel": "news"}}
        target = Target.of(child)
        action = Action(verb=Verb.APPLY, target=target, manager=self.manager, object=child)
        return Decision(actions=(action,))


def test_what_one_reconciler_makes_another_decides_in_the_same_run() -> None:
    """An object of a kind that is reconciled is decided from its birth on."""
    scene = Scene()
    scene.say("news", "hello")
    author = {**config_map("author"), "apiVersion": API_VERSION, "kind": "EventSource"}
    scene.api.add(author)
    scene.run(Author(), seconds=60)
    made = Target(API_VERSION, "Sensor", "shop", "more")
    assert lookup(scene.api.objects[made], "status", "phase") == "hello"
