"""Frames of SPDY/3.1: what a client sends comes out, however it is cut into pieces."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.spdy import DICTIONARY, Data, Opened, Reset, Session, SpdyError, data_frame

HEADERS = {"streamtype": "data", "port": "80", "requestid": "0"}
STREAMS = st.integers(1, 2**31 - 1)


def control(kind: int, body: bytes, flags: int = 0, version: int = 3) -> bytes:
    """Return a control frame."""
    return struct.pack(">HHI", 0x8000 | version, kind, flags << 24 | len(body)) + body


def block(headers: dict[str, str]) -> bytes:
    """Return headers as they are before they are packed."""
    texts = [text.encode() for pair in headers.items() for text in pair]
    parts = [struct.pack(">I", len(one)) + one for one in texts]
    return struct.pack(">I", len(headers)) + b"".join(parts)


class Client:
    """Packs headers as the other side does."""

    def __init__(self) -> None:
        self._pack = zlib.compressobj(zdict=DICTIONARY)

    def opening(self, stream: int, headers: dict[str, str], flags: int = 0) -> bytes:
        """Return the frame that opens a stream."""
        packed = self._pack.compress(block(headers)) + self._pack.flush(zlib.Z_SYNC_FLUSH)
        return control(1, struct.pack(">IIH", stream, 0, 0) + packed, flags)


def test_the_dictionary_is_the_one_of_the_draft() -> None:
    """By the checksum that every packed block begins with."""
    assert zlib.adler32(DICTIONARY) == 0xE3C6A7C2


FRAMES = st.lists(
    st.one_of(
        st.builds(Data, STREAMS, st.binary(max_size=50), st.booleans()),
        st.builds(
            lambda a, b, c: Opened(a, {**HEADERS, "requestid": b}, c),
            STREAMS,
            st.text("0123456789", max_size=5),
            st.booleans(),
        ),
        st.builds(Reset, STREAMS),
    ),
    max_size=8,
)


@given(FRAMES, st.lists(st.integers(1, 40), min_size=1))
def test_frames_come_out_however_they_are_cut(frames: list[object], sizes: list[int]) -> None:
    """Each opened stream is answered at once."""
    client, wire = Client(), b""
    for one in frames:
        match one:
            case Data(stream, data, finished):
                wire += data_frame(stream, data, finished=finished)
            case Opened(stream, headers, finished):
                wire += client.opening(stream, dict(headers), int(finished))
            case Reset(stream):
                wire += control(3, struct.pack(">II", stream, 5))
    session, found, answers, at, turn = Session(), list[object](), b"", 0, 0
    while at < len(wire):
        size = sizes[turn % len(sizes)]
        events, answer = session.receive(wire[at : at + size])
        found, answers, at, turn = [*found, *events], answers + answer, at + size, turn + 1
    assert found == frames
    opened = [one.stream for one in frames if isinstance(one, Opened)]
    assert replies(answers) == opened


def replies(wire: bytes) -> list[int]:
    """Return the streams that replies are about, each without headers."""
    found, unpack = [], zlib.decompressobj(zdict=DICTIONARY)
    while wire:
        head, kind, length = struct.unpack(">HHI", wire[:8])
        assert (head, kind) == (0x8003, 2)
        found.append(int.from_bytes(wire[8:12]))
        assert unpack.decompress(wire[12 : 8 + length]) == bytes(4)
        wire = wire[8 + length :]
    return found


def test_a_ping_comes_back() -> None:
    """As it is."""
    ping = control(6, struct.pack(">I", 7))
    assert Session().receive(ping) == ([], ping)


def test_what_is_not_needed_is_passed_over() -> None:
    """Settings, windows, and the client's goodbye."""
    wire = b"".join(control(kind, bytes(8)) for kind in (4, 7, 9))
    assert Session().receive(wire) == ([], b"")


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (control(1, bytes(3)), "without its number"),
        (control(1, bytes(10) + b"no zlib"), "cannot be unpacked"),
        (control(3, b""), "ends too early"),
        (control(6, b"", version=2), "version 2"),
        (struct.pack(">II", 1, 0xFFFFFF), "too large"),
        (Client().opening(1, {"a": "b" * 70_000}), "too large"),
        (control(1, bytes(10) + zlib.compress(b"")), "ends too early"),
    ],
)
def test_what_is_no_spdy_is_refused(wire: bytes, message: str) -> None:
    """By what is wrong with it."""
    with pytest.raises(SpdyError, match=message):
        Session().receive(wire)


@given(st.binary(max_size=200))
def test_random_bytes_do_no_harm(wire: bytes) -> None:
    """They mean something, or are refused."""
    try:
        Session().receive(wire)
    except SpdyError:
        return
