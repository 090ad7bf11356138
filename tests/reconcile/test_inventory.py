"""The inventory: arithmetic of shards, and what a broken record leads to."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.model.actions import Target
from ruleengine.model.errors import StoreError
from ruleengine.reconcile.inventory import (
    SHARD,
    Shard,
    entry_of,
    from_secret,
    key_of,
    spread,
    target_of,
    to_secret,
)

KEYS = st.integers(0, 3 * SHARD).map("key-{}".format)


def numbered(*ranges: range) -> dict[str, str]:
    """Return entries by number."""
    return {f"key-{n}": "v1 x" for one in ranges for n in one}


@given(
    first=st.integers(0, 3 * SHARD),
    gone=st.integers(0, SHARD),
    more=st.integers(0, 2 * SHARD),
)
def test_shards_hold_exactly_what_is_wanted(first: int, gone: int, more: int) -> None:
    """None is too large or empty, nothing is twice, and what stays does not move."""
    before = spread({}, numbered(range(first)))
    wanted = numbered(range(min(gone, first), first), range(10_000, 10_000 + more))
    after = spread(before, wanted)
    assert {key: one for shard in after.values() for key, one in shard.items()} == wanted
    assert sum(map(len, after.values())) == len(wanted)
    assert all(0 < len(shard) <= SHARD for shard in after.values())
    for number, shard in before.items():
        assert all(key in after[number] for key in shard if key in wanted)


def test_spreading_what_is_there_changes_nothing() -> None:
    """Equal means no write."""
    shards = spread({}, numbered(range(1200)))
    assert [len(one) for one in shards.values()] == [500, 500, 200]
    assert spread(shards, numbered(range(1200))) == shards


@pytest.mark.parametrize(
    "target",
    [
        Target("apps/v1", "Deployment", "shop", "web"),
        Target("v1", "ConfigMap", "shop", "web"),
        Target("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:web"),
    ],
)
def test_a_key_names_its_object(target: Target) -> None:
    """Key and entry together give the target back."""
    assert target_of(key_of(target), entry_of(target, {"a": 1})) == target


def test_a_shard_survives_its_secret() -> None:
    """What is stored is read back."""
    shard = Shard(repo="r", folder="f", number=2, entries={"k": "v1 d"})
    assert from_secret(to_secret(shard, "ruleengine")) == shard


@pytest.mark.parametrize(
    "data", [{}, {"inventory": "!"}, {"inventory": base64.b64encode(b"[]").decode()}]
)
def test_a_broken_record_is_an_error_with_a_remedy(data: dict) -> None:
    """Nothing is pruned from a guess."""
    with pytest.raises(StoreError, match="cannot be read"):
        from_secret({"metadata": {"name": "x"}, "data": data})


def test_a_newer_format_is_refused() -> None:
    """An older program never rewrites what it does not understand."""
    secret = to_secret(Shard(repo="r", folder="f", number=0, entries={}), "ruleengine")
    text = base64.b64decode(secret["data"]["inventory"]).replace(b'"format":1', b'"format":2')
    secret["data"]["inventory"] = base64.b64encode(text).decode()
    with pytest.raises(StoreError, match="newer"):
        from_secret(secret)
