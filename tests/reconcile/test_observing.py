"""Observations: what comes late never takes the place of what is newer."""

from ruleengine.model.actions import Target
from ruleengine.model.values import Object
from ruleengine.reconcile.observations import Observations
from tests.reconcile.kit import config_map

WEB = Target("v1", "ConfigMap", "shop", "web")


class Nothing:
    """A source that has nothing."""

    def get(self, target: Target) -> None:
        """Return nothing."""
        del target

    def list(self, api_version: str, kind: str, *, follow: bool = True) -> tuple[Object, ...]:
        """Return nothing."""
        del api_version, kind, follow
        return ()

    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Return nothing."""
        return ()


def web(version: str, colour: str = "red") -> Object:
    """Return a ConfigMap at a version."""
    value = config_map(colour=colour)
    value["metadata"] |= {"resourceVersion": version, "uid": "one"}
    return value


def test_an_older_observation_of_an_object_is_ignored() -> None:
    """A watch event that is delivered twice changes nothing the second time."""
    observations = Observations(Nothing())
    assert observations.observe(WEB, web("9"), "9")
    assert not observations.observe(WEB, web("8", "blue"), "8")
    assert observations.get(WEB) == web("9")


def test_an_object_that_has_gone_does_not_come_back_by_a_late_event() -> None:
    """One that is made again is newer, and does."""
    observations = Observations(Nothing())
    observations.list("v1", "ConfigMap")
    observations.observe(WEB, web("8"), "8")
    assert observations.observe(WEB, None, "12")
    assert not observations.observe(WEB, web("8"), "8")
    assert observations.get(WEB) is None
    assert observations.observe(WEB, web("13"), "13")


def test_a_late_deletion_does_not_remove_an_object_that_was_made_again() -> None:
    """Its version tells."""
    observations = Observations(Nothing())
    observations.observe(WEB, web("13"), "13")
    assert not observations.observe(WEB, None, "12")
    assert observations.get(WEB) == web("13")
