"""The logs of process pods, as ``pods/log`` answers them."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_CHUNK: Final = 1 << 16
_PAUSE: Final = 0.05


class Logs(Protocol):
    """Where the logs of process pods are."""

    def log_path(self, uid: str, container: str, attempt: int) -> Path:
        """Return the file that an attempt logs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """What a request for a log asks for; ``None`` means everything."""

    tail_lines: int | None = None
    limit_bytes: int | None = None
    previous: bool = False
    follow: bool = False


def read_options(query: Mapping[str, str]) -> LogOptions:
    """Return the options of a request's query. Raises ``ValueError``."""
    return LogOptions(
        tail_lines=_number(query, "tailLines"),
        limit_bytes=_number(query, "limitBytes"),
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


def read_log(path: Path, options: LogOptions) -> bytes:
    """Return what a log holds now; nothing where there is no file (yet)."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    if options.tail_lines is not None:
        lines = content.splitlines(keepends=True)
        content = b"".join(lines[-options.tail_lines :] if options.tail_lines else [])
    return content if options.limit_bytes is None else content[: options.limit_bytes]


def follow_log(path: Path, options: LogOptions, is_over: Callable[[], bool]) -> Iterator[bytes]:
    """Yield what a log holds and what is added, until ``is_over``; empty chunks while idle."""
    left = options.limit_bytes
    try:
        at = path.stat().st_size
    except FileNotFoundError:
        at = 0
    first = read_log(path, LogOptions(tail_lines=options.tail_lines, limit_bytes=left))
    yield first
    left = None if left is None else left - len(first)
    while left is None or left > 0:
        over = is_over()
        chunk = _read_at(path, at, _CHUNK if left is None else min(left, _CHUNK))
        at += len(chunk)
        left = None if left is None else left - len(chunk)
        if over and not chunk:
            return
        yield chunk
        if not chunk:
            time.sleep(_PAUSE)


def _read_at(path: Path, at: int, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(most)
    except FileNotFoundError:
        return b""
