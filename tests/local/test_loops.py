"""One controller that fails keeps no other from its work."""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import pytest

from ruleengine.local.control_plane import in_memory_plane
from ruleengine.local.controllers.loop import Loop
from ruleengine.local.controllers.work import Reader, Reconciled
from ruleengine.local.store import Event, Key


class Seeing:
    """A controller that notes what it was called for."""

    manager: ClassVar[str] = "seeing"

    def __init__(self) -> None:
        self.seen: list[Key] = []

    def keys(self, event: Event, _reader: Reader) -> Iterable[Key]:
        """Return the object itself."""
        return [event.key]

    def reconcile(self, key: Key, _reader: Reader, _now: datetime) -> Reconciled:
        """Note the object."""
        self.seen.append(key)
        return Reconciled()


class Stumbling(Seeing):
    """A controller that cannot read any news."""

    def keys(self, event: Event, _reader: Reader) -> Iterable[Key]:
        """Fail."""
        raise KeyError(event.key.name)


def test_news_that_one_controller_cannot_read_reach_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once each, and the log says who failed at what."""
    plane, stumbling, seeing = in_memory_plane(), Stumbling(), Seeing()
    loop = Loop(plane.api.registry, [stumbling, seeing])
    loop.run_due()
    assert Key("namespaces", "", "default") in seeing.seen
    assert len(seeing.seen) == len(set(seeing.seen))
    assert stumbling.seen == []
    assert "Stumbling failed at the news of" in caplog.text
