"""Frames of SPDY/3.1, as kubectl sends them through a websocket to forward ports.

No input or output of its own: :meth:`Session.receive` takes bytes and returns what they mean.
Only what a server of forwarded ports needs; there is no flow control, which Kubernetes' own
implementation does not use either. Source: the draft of SPDY/3.1, sections 2.2 to 2.6.
"""

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

_VERSION: Final = 3
_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING = 1, 2, 3, 6
_FINISHED: Final = 1
_HEAD: Final = 8
_NUMBER: Final = 4
_CONTROL: Final = 1 << 31
_OPENING: Final = 10
"""Bytes of a SYN_STREAM before its headers: two streams, a priority, a slot."""

_LARGEST_FRAME: Final = 1 << 20
_LARGEST_HEADERS: Final = 1 << 16
_WORDS: Final = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language "
    "accept-ranges age allow authorization cache-control connection content-base content-encoding "
    "content-language content-length content-location content-md5 content-range content-type date "
    "etag expect expires from host if-match if-modified-since if-none-match if-range "
    "if-unmodified-since last-modified location max-forwards pragma proxy-authenticate "
    "proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status"
)
_LATER_WORDS: Final = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie")
_LAST_WORDS: Final = ("keep-alive", "origin")
_REST: Final = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request"
    "401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented"
    "503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, "
    "Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,"
    "sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


class SpdyError(ValueError):
    """The bytes are no SPDY/3.1, or too much of it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The client has opened a stream; ``finished`` says that it will send nothing on it."""

    stream: int
    headers: Mapping[str, str]
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """The client has sent something on a stream; ``finished`` says that nothing follows."""

    stream: int
    data: bytes = field(repr=False)
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """The client wants nothing more of a stream."""

    stream: int


Event = Opened | Data | Reset


class Session:
    """The server's side of one connection."""

    def __init__(self) -> None:
        self._unpack = zlib.decompressobj(zdict=DICTIONARY)
        self._pack = zlib.compressobj(zdict=DICTIONARY)
        self._rest = b""

    def receive(self, data: bytes) -> tuple[list[Event], bytes]:
        """Take bytes in; return what they say, and what has to be answered at once.

        Raises ``SpdyError``.
        """
        self._rest += data
        events: list[Event] = []
        answers = b""
        while len(self._rest) >= _HEAD:
            first, second = struct.unpack(">II", self._rest[:_HEAD])
            flags, length = second >> 24, second & 0xFFFFFF
            if length > _LARGEST_FRAME:
                raise SpdyError(f"a frame of {length} bytes is too large")
            if len(self._rest) < _HEAD + length:
                break
            body, self._rest = self._rest[_HEAD : _HEAD + length], self._rest[_HEAD + length :]
            if not first & _CONTROL:
                events.append(Data(first, body, bool(flags & _FINISHED)))
                continue
            version, kind = first >> 16 & 0x7FFF, first & 0xFFFF
            if version != _VERSION:
                raise SpdyError(f"version {version} of SPDY is not spoken here")
            answers += self._control(kind, flags, body, events)
        return events, answers

    def _control(self, kind: int, flags: int, body: bytes, events: list[Event]) -> bytes:
        if kind == _SYN_STREAM:
            if len(body) < _OPENING:
                raise SpdyError("a stream is opened without its number")
            stream = _number(body)
            events.append(Opened(stream, self._headers(body[_OPENING:]), bool(flags & _FINISHED)))
            packed = self._pack.compress(bytes(_NUMBER)) + self._pack.flush(zlib.Z_SYNC_FLUSH)
            return _frame(_SYN_REPLY, struct.pack(">I", stream) + packed)
        if kind == _RST_STREAM:
            events.append(Reset(_number(body)))
        return _frame(_PING, body) if kind == _PING else b""

    def _headers(self, packed: bytes) -> Mapping[str, str]:
        """Return the headers of a stream, by names in lower case."""
        try:
            block = self._unpack.decompress(packed, _LARGEST_HEADERS)
        except zlib.error as error:
            raise SpdyError(f"headers that cannot be unpacked: {error}") from None
        if self._unpack.unconsumed_tail:
            raise SpdyError("the headers of a stream are too large")
        count, at = _number(block), _NUMBER
        found, texts = {}, []
        for _ in range(min(count, len(block)) * 2):
            size = _number(block[at:])
            at += _NUMBER
            texts.append(block[at : at + size].decode("latin-1"))
            at += size
        for name, text in zip(texts[::2], texts[1::2], strict=True):
            found[name.lower()] = text
        return found


def data_frame(stream: int, data: bytes, *, finished: bool = False) -> bytes:
    """Return the frame that sends data on a stream."""
    flags = _FINISHED if finished else 0
    return struct.pack(">II", stream, flags << 24 | len(data)) + data


def _frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">II", _CONTROL | _VERSION << 16 | kind, len(body)) + body


def _number(data: bytes) -> int:
    if len(data) < _NUMBER:
        raise SpdyError("a frame ends too early")
    return int.from_bytes(data[:_NUMBER]) & ~_CONTROL


def _dictionary(words: Iterable[str], rest: str) -> bytes:
    return b"".join(struct.pack(">I", len(one)) + one.encode() for one in words) + rest.encode()


DICTIONARY: Final = _dictionary((*_WORDS.split(" "), *_LATER_WORDS, *_LAST_WORDS), _REST)
"""What both sides know before the first header (section 2.6.10.1)."""
