"""The logs of process pods, as ``pods/log`` answers them.

A log lies on the disk in the format of :mod:`ruleengine.local.runtime.inside.output`.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from ruleengine.model.times import parse_time

_CHUNK: Final = 1 << 18
_LARGE: Final = 1 << 20
_PAUSE: Final = 0.05
_LINE: Final = re.compile(rb"^([^ \n]*) ([^ \n]*) ([^ \n]*) ([^\n]*)$", re.MULTILINE)
_FULL: Final = b"F"


class Logs(Protocol):
    """Where the logs of process pods are."""

    def log_path(self, uid: str, container: str, attempt: int) -> Path:
        """Return the file that an attempt logs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """What a request for a log asks for; ``None`` means everything.

    ``since`` is the earliest moment, as its first bytes of RFC 3339 text; ``stream`` is
    ``stdout``, ``stderr`` or empty for both.
    """

    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: bytes = b""
    stream: str = ""
    timestamps: bool = False
    previous: bool = False
    follow: bool = False


def read_options(query: Mapping[str, str], now: datetime) -> LogOptions:
    """Return the options of a request's query. Raises ``ValueError``."""
    stream = query.get("stream", "All")
    if stream not in ("All", "Stdout", "Stderr"):
        raise ValueError(f"stream must be All, Stdout or Stderr, not {stream!r}")
    return LogOptions(
        tail_lines=_number(query, "tailLines"),
        limit_bytes=_number(query, "limitBytes"),
        since=_since(query, now),
        stream="" if stream == "All" else stream.lower(),
        timestamps=query.get("timestamps") in ("true", "1"),
        previous=query.get("previous") in ("true", "1"),
        follow=query.get("follow") in ("true", "1"),
    )


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise ValueError(f"{name} must be a whole number of 0 or more, not {text!r}")
    return int(text)


def _since(query: Mapping[str, str], now: datetime) -> bytes:
    seconds, moment = _number(query, "sinceSeconds"), query.get("sinceTime")
    if seconds is not None and moment is not None:
        raise ValueError("at most one of sinceTime or sinceSeconds may be specified")
    if seconds is not None:
        if seconds > now.timestamp():
            return b""  # longer ago than there was anything
        found = now - timedelta(seconds=seconds)
    elif moment is not None:
        found = parse_time(moment)
    else:
        return b""
    return found.strftime("%Y-%m-%dT%H:%M:%S").encode()


def read_log(path: Path, options: LogOptions) -> bytes:
    """Return what a log holds now; nothing where there is no file (yet)."""
    return b"".join(log_chunks(path, options))


def log_chunks(path: Path, options: LogOptions) -> Iterator[bytes]:
    """Yield what a log holds now, in pieces: it may be large."""
    return _chunks(path, options, lambda: True, _size_of(path))


def follow_log(path: Path, options: LogOptions, is_over: Callable[[], bool]) -> Iterator[bytes]:
    """Yield what a log holds and what is added, until ``is_over``; empty chunks while idle."""
    return _chunks(path, options, is_over, None)


def last_lines(path: Path, most_lines: int, most_bytes: int) -> str:
    """Return the end of a log."""
    text = read_log(path, LogOptions(tail_lines=most_lines))
    return text[-most_bytes:].decode(errors="replace")


def is_large(path: Path) -> bool:
    """Tell whether a log is better passed on in pieces."""
    return _size_of(path) > _LARGE


def _chunks(
    path: Path, options: LogOptions, is_over: Callable[[], bool], end: int | None
) -> Iterator[bytes]:
    shown = _Shown(options)
    at, rest = _begin(path, options), b""
    while not shown.is_full:
        over = is_over()
        chunk = _read_at(path, at, _CHUNK if end is None else min(_CHUNK, end - at))
        at += len(chunk)
        data = rest + chunk
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        yield shown.text(_parts(data[:cut], options))
        if chunk:
            continue
        if over:
            return
        time.sleep(_PAUSE)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _read_at(path: Path, at: int, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(most)
    except FileNotFoundError:
        return b""


_Part = tuple[bytes, bytes, bytes, bytes]
"""Time, stream, tag and text of a part of a line."""


def _parts(lines: bytes, options: LogOptions) -> list[_Part]:
    """Return the parts that stand in lines of the file, those that are asked for."""
    found: list[_Part] = _LINE.findall(lines)
    if options.since:
        size = len(options.since)
        found = [one for one in found if one[0][:size] >= options.since]
    if options.stream:
        stream = options.stream.encode()
        found = [one for one in found if one[1] == stream]
    return found


def _begin(path: Path, options: LogOptions) -> int:
    """Return where in the file the last lines begin that are asked for: read from its end.

    A line may have several parts, and the last one may not have ended.
    """
    if options.tail_lines is None:
        return 0
    begin, lines, is_last = _size_of(path), 0, True
    for at, line in _lines_backwards(path, begin):
        parts = _parts(line, options)
        if not parts:
            continue
        lines += is_last or parts[0][2] == _FULL
        if lines > options.tail_lines:
            return begin
        begin, is_last = at, False
    return begin


def _lines_backwards(path: Path, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file from its end on, each with the place where it begins."""
    at, rest = end, b""
    while at > 0:
        size = min(_CHUNK, at)
        at -= size
        data = _read_at(path, at, size) + rest
        # what stands before the first line end has begun earlier, unless this is the beginning
        cut = data.find(b"\n") + 1 if at else 0
        if at and not cut:
            rest = data
            continue
        rest = data[:cut]
        place = at + len(data) + 1
        for line in reversed(data[cut:].split(b"\n")):
            place -= len(line) + 1
            yield place, line


class _Shown:
    """Shows parts as the container wrote them, with their times where they are asked for."""

    def __init__(self, options: LogOptions) -> None:
        self._timestamps = options.timestamps
        self._left = options.limit_bytes
        self._begins = True

    @property
    def is_full(self) -> bool:
        """Whether as many bytes were shown as are asked for."""
        return self._left is not None and self._left <= 0

    def text(self, parts: Iterable[_Part]) -> bytes:
        """Return the text of parts that follow the ones before."""
        found = []
        for moment, _, tag, text in parts:
            if self._timestamps and self._begins:
                found.append(moment + b" ")
            found.append(text)
            self._begins = tag == _FULL
            if self._begins:
                found.append(b"\n")
        content = b"".join(found)
        if self._left is not None:
            content = content[: self._left]
            self._left -= len(content)
        return content
