"""How a process is spoken to over a websocket: frames, protocols, outcomes."""

import json

import pytest

from ruleengine.local.api.channels import Channel, chosen_protocol, framed, outcome, size_of


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["v4.channel.k8s.io", "v5.channel.k8s.io"], "v5.channel.k8s.io"),
        (["v4.channel.k8s.io", "channel.k8s.io"], "v4.channel.k8s.io"),
        (["base64.channel.k8s.io"], ""),
        ([], ""),
    ],
)
def test_the_newest_protocol_that_is_offered_is_spoken(offered: list[str], chosen: str) -> None:
    """Others are refused."""
    assert chosen_protocol(offered) == chosen


def test_the_first_byte_is_the_channel() -> None:
    """The rest is what it carries."""
    assert framed(Channel.STDERR, b"no") == b"\x02no"


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b'{"Width": 80, "Height": 24}', (80, 24)),
        (b'{"Width": 80}', None),
        (b"80x24", None),
        (b"[]", None),
    ],
)
def test_a_size_is_width_and_height(data: bytes, size: tuple[int, int] | None) -> None:
    """What is none is passed over."""
    assert size_of(data) == size


def test_an_outcome_is_a_status() -> None:
    """With the exit code as its cause."""
    good, bad = (json.loads(outcome(code)[1:]) for code in (0, 3))
    assert outcome(0)[0] == Channel.ERROR
    assert good["status"] == "Success"
    assert (bad["reason"], bad["details"]["causes"]) == (
        "NonZeroExitCode",
        [{"reason": "ExitCode", "message": "3"}],
    )
