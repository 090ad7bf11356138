"""Several runs at once on one state: together they do what one alone would have done."""

from pathlib import Path

from ruleengine.model.names import ENVIRONMENTS_MANAGER, MANAGER
from tests.app.kit import SHOP
from tests.e2e.process_kit import Place, end, place

OURS = (MANAGER, ENVIRONMENTS_MANAGER)
"""Who writes for an apply; the node may still have something to say of its pods."""

FILES = {**SHOP, "environments/production/web.yaml": "source: {path: apps/web}\n"}


def history(shop: Place, api_version: str, kind: str) -> list[tuple[str, str]]:
    """Return everything that ever happened to a kind: what, and to which object."""
    client = shop.client()
    events = client.watch(api_version, kind, resource_version="1", timeout_seconds=1)
    return sorted(
        (one.type.value, f"{one.object['metadata']['namespace']}/{one.object['metadata']['name']}")
        for one in events
        if one.object["metadata"].get("namespace") in ("staging", "production")
    )


def applied(folder: Path, processes: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Apply with so many processes at once; return what the server counted and saw."""
    with place(folder, FILES) as shop:
        shop.start()
        children = [shop.spawn("apply") for _ in range(processes)]
        try:
            assert [child.wait(120) for child in children] == [0] * processes
        finally:
            for child in children:
                end(child)
        first = shop.counted()
        shop.call("apply").check_explained(0)
        after = shop.counted()
        assert [after[one] for one in OURS] == [first[one] for one in OURS]
        return first, history(shop, "v1", "Service")


def test_three_applies_at_once_do_nothing_twice(tmp_path: Path) -> None:
    """The rules' writes are as many as one apply makes, and what is synced is written once.

    How many statuses tell of a sync on its way depends on when its parts are seen to change, with
    one apply as with three: a field may have a write of its own or go with the next ones.
    """
    alone, once = applied(tmp_path / "one", 1)
    together, seen = applied(tmp_path / "three", 3)
    assert together[MANAGER] == alone[MANAGER]
    assert seen == once == [("ADDED", "production/web"), ("ADDED", "staging/web")]
    assert together[ENVIRONMENTS_MANAGER] > 0
