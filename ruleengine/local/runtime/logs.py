"""The logs of process pods, as ``pods/log`` answers them.

A log lies on the disk in the format of :mod:`ruleengine.local.runtime.inside.output`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from ruleengine.model.times import parse_time

_CHUNK: Final = 1 << 16
_PAUSE: Final = 0.05
_WORDS: Final = 4
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
        found = now - timedelta(seconds=seconds)
    elif moment is not None:
        found = parse_time(moment)
    else:
        return b""
    return found.strftime("%Y-%m-%dT%H:%M:%S").encode()


def read_log(path: Path, options: LogOptions) -> bytes:
    """Return what a log holds now; nothing where there is no file (yet)."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    return _shown(_tail(_selected(content.split(b"\n"), options), options), options)


def follow_log(path: Path, options: LogOptions, is_over: Callable[[], bool]) -> Iterator[bytes]:
    """Yield what a log holds and what is added, until ``is_over``; empty chunks while idle."""
    at, rest, first = 0, b"", True
    left = options.limit_bytes
    while left is None or left > 0:
        over = is_over()
        chunk = _read_at(path, at, -1 if first else _CHUNK)
        at += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        found = _selected(lines, options)
        found = _tail(found, options) if first else found
        text = _shown(found, replace(options, limit_bytes=left))
        left = None if left is None else left - len(text)
        if over and not chunk and not first:
            return
        first = False
        yield text
        if not chunk:
            time.sleep(_PAUSE)


def last_lines(path: Path, most_lines: int, most_bytes: int) -> str:
    """Return the end of a log."""
    text = read_log(path, LogOptions(tail_lines=most_lines))
    return text[-most_bytes:].decode(errors="replace")


def _read_at(path: Path, at: int, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(most)
    except FileNotFoundError:
        return b""


def _selected(lines: Iterable[bytes], options: LogOptions) -> list[tuple[bytes, bytes, bytes]]:
    """Return time, tag and text of the parts of lines that are asked for."""
    found = []
    stream = options.stream.encode()
    for line in lines:
        words = line.split(b" ", _WORDS - 1)
        if len(words) < _WORDS or words[0][: len(options.since)] < options.since:
            continue
        if not stream or words[1] == stream:
            found.append((words[0], words[2], words[3]))
    return found


def _tail(
    parts: list[tuple[bytes, bytes, bytes]], options: LogOptions
) -> list[tuple[bytes, bytes, bytes]]:
    """Return the last lines; a line may have several parts."""
    if options.tail_lines is None:
        return parts
    begin, lines = len(parts), 0
    while begin and lines <= options.tail_lines:
        begin -= 1
        is_end = parts[begin][1] == _FULL or begin == len(parts) - 1
        lines += is_end
        if lines > options.tail_lines:
            return parts[begin + 1 :]
    return parts[begin:]


def _shown(parts: Iterable[tuple[bytes, bytes, bytes]], options: LogOptions) -> bytes:
    """Return parts as the container wrote them, with their times where they are asked for."""
    found = []
    begins = True
    for moment, tag, text in parts:
        if options.timestamps and begins:
            found.append(moment + b" ")
        found.append(text)
        begins = tag == _FULL
        if begins:
            found.append(b"\n")
    content = b"".join(found)
    return content if options.limit_bytes is None else content[: options.limit_bytes]
