"""Watch caches: list, follow, re-list, and nothing lost in between."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import UnauthorizedError
from ruleengine.cluster.retrying import Retrying
from ruleengine.cluster.watches import Later, WatchCache
from ruleengine.model.actions import Target
from ruleengine.model.errors import UnreachableError
from ruleengine.model.http import HttpRequest, HttpResponse
from tests.cluster.fake_api import FakeApi
from tests.cluster.test_client import NAMESPACE, config_map

KIND = ("v1", "ConfigMap")
WEB = Target("v1", "ConfigMap", "shop", "web")


class Stop(BaseException):
    """Ends a cache's loop in a test, in place of its thread."""


class Turns:
    """Runs the loops of a cache in the calling thread, a number of watches at a time."""

    def __init__(self, api: FakeApi) -> None:
        self.loops: list[Callable[[], None]] = []
        self.left = 0
        api.fault = self._count

    def run(self, watches: int = 1) -> None:
        """Let every loop watch so many times."""
        for loop in self.loops:
            self.left = watches
            with pytest.raises(Stop):
                loop()

    def _count(self, request: HttpRequest, when: str) -> HttpResponse | None:
        if when == "before" and ("watch", "true") in request.query:
            if not self.left:
                raise Stop
            self.left -= 1
        return None


@pytest.fixture
def api() -> FakeApi:
    """Return a server with one ConfigMap."""
    api = FakeApi()
    api.add(NAMESPACE)
    api.add(config_map("web", a="1"))
    return api


@pytest.fixture
def turns(api: FakeApi) -> Turns:
    """Return the loops of the cache."""
    return Turns(api)


@pytest.fixture
def cache(api: FakeApi, turns: Turns) -> WatchCache:
    """Return a cache whose loops run on demand."""
    retrying = Retrying(attempts=1, first_pause=0.0, sleep=lambda _: None)
    return WatchCache(Client(api, retrying), retrying=retrying, spawn=turns.loops.append)


def test_a_followed_kind_is_there_at_once(cache: WatchCache) -> None:
    """Following lists first; what was there is no change."""
    assert cache.follow(*KIND)
    assert cache.get(WEB)["data"] == {"a": "1"}
    assert cache.wait_for_change(0) == ()


def test_events_update_the_cache_and_are_told_once(
    api: FakeApi, cache: WatchCache, turns: Turns
) -> None:
    """Of several changes of one object the last is told."""
    cache.follow(*KIND)
    api.add(config_map("web", a="2"))
    api.add(config_map("web", a="3"))
    turns.run()
    (changed,) = cache.wait_for_change(0)
    assert changed.object["data"] == {"a": "3"}
    assert cache.wait_for_change(0) == ()


def test_a_deleted_object_is_told_as_gone(api: FakeApi, cache: WatchCache, turns: Turns) -> None:
    """It vanishes from the cache; how it was at its end is told, too, whoever saw it or not."""
    cache.follow(*KIND)
    api.add(config_map("web", a="2"))
    api._remove(WEB)
    turns.run()
    (gone,) = cache.wait_for_change(0)
    assert (gone.object, gone.last and gone.last["data"]) == (None, {"a": "2"})
    assert cache.objects(*KIND) == ()


def test_a_version_that_is_too_old_leads_to_a_new_list(
    api: FakeApi, cache: WatchCache, turns: Turns
) -> None:
    """What happened meanwhile is told, deletions among it."""
    cache.follow(*KIND)
    api.add(config_map("new"))
    api._remove(WEB)
    api.forget_history()
    turns.run(2)
    told = {one.target.name: one for one in cache.wait_for_change(0)}
    assert {name: one.object is None for name, one in told.items()} == {"new": False, "web": True}
    assert told["new"].last is None
    assert told["web"].last
    assert told["web"].last["data"] == {"a": "1"}


def test_a_kind_that_may_be_listed_and_not_watched_is_noted_and_tried_again(
    api: FakeApi, turns: Turns
) -> None:
    """Else its changes would be missed without a word."""
    retrying = Retrying(attempts=1, first_pause=0.0, sleep=lambda _: None)
    client = Client(api, retrying)
    cache = WatchCache(client, retrying=retrying, spawn=turns.loops.append)
    counted = api.fault
    assert cache.follow(*KIND)

    def forbid(request: HttpRequest, when: str) -> HttpResponse | None:
        counted(request, when)
        watches = when == "before" and ("watch", "true") in request.query
        return HttpResponse(status=403, headers={}, body=b"{}") if watches else None

    api.fault = forbid
    turns.run(watches=1)
    assert [*client.unreadable] == [KIND]
    api.fault = counted
    api.add(config_map("web", a="2"))
    turns.run()
    assert cache.get(WEB)["data"] == {"a": "2"}


@pytest.mark.parametrize("lost", [True, False])
def test_a_watch_that_fails_is_taken_up_where_it_was(api: FakeApi, *, lost: bool) -> None:
    """Whether the connection is lost or the server refuses it; pauses grow until it works."""
    loops: list[Callable[[], None]] = []
    pauses: list[int] = []

    class Paused(Retrying):
        def pause(self, attempt: int, asked: float = 0.0) -> float:
            del asked
            pauses.append(attempt)
            return 0.0

    retrying = Paused(attempts=1, sleep=lambda _: None)
    cache = WatchCache(Client(api, retrying), retrying=retrying, spawn=loops.append)
    cache.follow(*KIND)
    watches: list[str] = []

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        if when != "before" or ("watch", "true") not in request.query:
            return None
        watches.append(dict(request.query)["resourceVersion"])
        if len(watches) > 4:
            raise Stop
        if len(watches) == 4:
            return None
        if lost:
            raise UnreachableError("the connection was lost", "try again")
        return HttpResponse(status=500, body=b'{"kind": "Status", "reason": "InternalError"}')

    api.fault = fault
    api.add(config_map("web", a="2"))
    with pytest.raises(Stop):
        loops[0]()
    assert len(set(watches[:4])) == 1
    assert pauses == [1, 2, 3]
    (changed,) = cache.wait_for_change(0)
    assert changed.object["data"] == {"a": "2"}


def test_a_server_that_answers_nobody_for_a_while_is_told_until_it_answers(
    api: FakeApi, cache: WatchCache, turns: Turns
) -> None:
    """The watches go on; a stream that only breaks off is no such thing, however often."""
    counted = api.fault
    dead = False

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        del when
        if not turns.left:
            raise Stop
        turns.left -= 1
        if dead or ("watch", "true") in request.query:
            raise UnreachableError("nobody answers", "look")
        return None

    assert cache.follow(*KIND)
    api.fault = fault
    turns.run(20)
    cache.check_answered()
    dead = True
    turns.run(20)
    with pytest.raises(UnreachableError):
        cache.check_answered()
    api.fault, dead = counted, False
    turns.run()
    cache.check_answered()


def test_credentials_that_are_refused_for_a_while_are_told_until_they_are_good_again(
    api: FakeApi, cache: WatchCache, turns: Turns
) -> None:
    """A few refusals are none: what has run out is renewed."""
    counted = api.fault

    def fault(request: HttpRequest, when: str) -> HttpResponse | None:
        found = counted(request, when) if counted is not None else None
        return found or HttpResponse(status=401, body=b'{"reason":"Unauthorized","code":401}')

    assert cache.follow(*KIND)
    api.fault = fault
    turns.run(4)
    cache.check_answered()
    turns.run(5)
    with pytest.raises(UnauthorizedError):
        cache.check_answered()
    api.fault = counted
    turns.run()
    cache.check_answered()


def test_a_bookmark_moves_the_version_on(api: FakeApi, cache: WatchCache, turns: Turns) -> None:
    """A kind of which nothing happens is not watched from a version that grows too old."""
    cache.follow(*KIND)
    listed = str(api.version)
    api.add({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "shop"}})
    turns.run(2)
    watched = [dict(one.query) for one in api.requests if ("watch", "true") in one.query]
    versions = [one["resourceVersion"] for one in watched]
    assert versions[:2] == [listed, str(api.version)]
    assert listed != str(api.version)
    assert cache.wait_for_change(0) == ()


def test_every_kind_in_use_has_one_loop(cache: WatchCache, turns: Turns) -> None:
    """However often it is asked for; a kind that nobody asks for has none."""
    for kind in (KIND, KIND, ("v1", "Secret"), KIND):
        cache.follow(*kind)
    assert len(turns.loops) == 2


def test_unknown_and_too_many_kinds_are_not_followed(api: FakeApi) -> None:
    """The caller reads them when needed."""
    cache = WatchCache(Client(api), spawn=lambda _: None, most_kinds=1)
    assert not cache.follow("example.com/v1", "Thing")
    assert cache.follow(*KIND)
    assert not cache.follow("v1", "Secret")
    assert cache.follow(*KIND)


def test_a_kind_that_several_threads_ask_for_is_listed_once(api: FakeApi, turns: Turns) -> None:
    """Who comes later waits for the list, and finds it."""
    lists: list[str] = []
    listing, go_on = threading.Event(), threading.Event()

    class Slow:
        def send(self, request: HttpRequest) -> HttpResponse:
            if request.path.endswith("/configmaps"):
                lists.append(request.path)
                listing.set()
                assert go_on.wait(10)
            return api.send(request)

    cache = WatchCache(Client(Slow()), spawn=turns.loops.append)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(cache.follow, *KIND)
        assert listing.wait(10)
        second = pool.submit(cache.follow, *KIND)
        go_on.set()
        assert (first.result(10), second.result(10)) == (True, True)
    assert (len(lists), len(turns.loops)) == (1, 1)


def test_what_is_to_begin_later_begins_at_the_signal() -> None:
    """And what comes after it at once."""
    later, begun = Later(), [threading.Event() for _ in range(2)]
    later(begun[0].set)
    assert not begun[0].is_set()
    later.begin()
    assert begun[0].wait(10)
    later(begun[1].set)
    assert begun[1].wait(10)
    later.begin()
