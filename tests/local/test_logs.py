"""Logs give back what a container wrote, and as much of it as is asked for."""

import os
import resource
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.local.runtime.inside.output import Log, Output
from ruleengine.local.runtime.logs import (
    LogOptions,
    follow_log,
    is_large,
    last_lines,
    log_chunks,
    read_log,
    read_options,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LINES = b"""\
2026-01-02T03:04:01.000000000Z stdout F one
2026-01-02T03:04:02.500000000Z stderr F two
2026-01-02T03:04:03.000000000Z stdout P thr
2026-01-02T03:04:03.000000001Z stdout F ee
2026-01-02T03:04:04.000000000Z stdout P four
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of four lines, the third in two parts, the last without its end."""
    path = tmp_path / "log"
    path.write_bytes(LINES)
    return path


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, b"one\ntwo\nthree\nfour"),
        ({"tailLines": "0"}, b""),
        ({"tailLines": "1"}, b"four"),
        ({"tailLines": "2"}, b"three\nfour"),
        ({"tailLines": "3"}, b"two\nthree\nfour"),
        ({"tailLines": "9"}, b"one\ntwo\nthree\nfour"),
        ({"limitBytes": "5"}, b"one\nt"),
        ({"sinceSeconds": "3"}, b"two\nthree\nfour"),
        ({"sinceTime": "2026-01-02T03:04:03Z"}, b"three\nfour"),
        ({"stream": "Stderr"}, b"two\n"),
        ({"stream": "Stdout", "tailLines": "2"}, b"three\nfour"),
        (
            {"timestamps": "true", "sinceSeconds": "2"},
            b"2026-01-02T03:04:03.000000000Z three\n2026-01-02T03:04:04.000000000Z four",
        ),
    ],
)
def test_a_log_is_shown_as_it_is_asked_for(
    log: Path, query: dict[str, str], expected: bytes
) -> None:
    """Lines, bytes, moments, streams and times."""
    options = read_options(query, NOW)
    assert read_log(log, options) == expected
    assert b"".join(follow_log(log, options, lambda: True)) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"tailLines": "-1"},
        {"limitBytes": "x"},
        {"stream": "both"},
        {"sinceTime": "yesterday"},
        {"sinceSeconds": "1", "sinceTime": "2026-01-02T03:04:03Z"},
    ],
)
def test_a_wrong_option_is_refused(query: dict[str, str]) -> None:
    """With a text that says which."""
    with pytest.raises(ValueError, match=r"must|at most|yesterday"):
        read_options(query, NOW)


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """The container has not begun to write."""
    assert read_log(tmp_path / "none", LogOptions()) == b""
    assert b"".join(follow_log(tmp_path / "none", LogOptions(), lambda: True)) == b""


def test_a_log_is_followed_to_its_end(log: Path) -> None:
    """What is added while it is read comes too, and nothing twice."""
    more = iter([b"2026-01-02T03:04:05.000000000Z stdout F more\n"])

    def is_over() -> bool:
        addition = next(more, b"")
        with log.open("ab") as file:
            file.write(addition)
        return not addition

    options = LogOptions(tail_lines=1)
    assert b"".join(follow_log(log, options, is_over)) == b"fourmore\n"


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a log of many pieces: 20,000 numbered lines, each in two parts."""
    path = tmp_path_factory.mktemp("long") / "log"
    moment = "2026-01-02T03:04:05.000000000Z"
    path.write_text("".join(f"{moment} stdout P {n}\n{moment} stdout F .\n" for n in range(20_000)))
    return path


def test_a_long_log_comes_in_pieces(long_log: Path) -> None:
    """Nobody holds it as a whole, and a time stands only where a line begins."""
    assert is_large(long_log)
    pieces = list(log_chunks(long_log, LogOptions(timestamps=True)))
    assert max(map(len, pieces)) < long_log.stat().st_size / 4
    lines = b"".join(pieces).splitlines()
    assert lines == [b"2026-01-02T03:04:05.000000000Z %d." % n for n in range(20_000)]
    assert len(read_log(long_log, LogOptions(limit_bytes=100_000))) == 100_000


@pytest.mark.parametrize("count", [0, 1, 2, 7_000, 19_999, 20_000, 30_000])
def test_the_end_of_a_long_log_is_found_from_its_end(long_log: Path, count: int) -> None:
    """However many pieces that takes."""
    lines = read_log(long_log, LogOptions(tail_lines=count)).splitlines()
    assert lines == [b"%d." % n for n in range(max(20_000 - count, 0), 20_000)]


def test_the_end_of_a_log_can_be_a_message(log: Path) -> None:
    """At most so many lines, and so many bytes."""
    assert last_lines(log, 2, 100) == "three\nfour"
    assert last_lines(log, 2, 6) == "e\nfour"


def written(folder: Path, write: Callable[[int], object], most: int = 1 << 20) -> bytes:
    """Return what a log shows of what was written to a pipe."""
    source, end = os.pipe()
    path = folder / "log"
    path.unlink(missing_ok=True)
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    output = Output(source, Log(log, most), "stdout")
    write(end)
    os.close(end)
    output.finish()
    os.close(log)
    return read_log(path, LogOptions())


def test_who_has_gone_takes_nobody_elses_place(tmp_path: Path) -> None:
    """Not even where the descriptor of one that was given up came again for another."""
    source, end = os.pipe()
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    output = Output(source, Log(log), "stdout")
    gone, first = os.pipe()
    os.close(gone)
    output.copy_to(1, first)
    os.write(end, b"unread\n")
    assert output.pump()
    there, second = os.pipe()
    assert second == first
    output.copy_to(2, second)
    output.drop(1)
    os.write(end, b"read\n")
    assert output.pump()
    assert os.read(there, 100) == b"read\n"
    output.drop(2)
    assert os.read(there, 100) == b""
    for one in (there, end, source, log):
        os.close(one)


def test_what_the_disk_refuses_is_lost_to_the_log_alone(tmp_path: Path) -> None:
    """What was written of a line before stands apart from what comes later."""
    path = tmp_path / "log"
    moment = b"2026-01-02T03:04:05.000000000Z stdout F "
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    log = Log(descriptor)
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(moment) + 2, hard))
        log.write(b"stdout", moment + b"long\n")
        log.write(b"stdout", moment + b"lost\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    log.write(b"stdout", moment + b"later\n")
    os.close(descriptor)
    assert read_log(path, LogOptions()) == b"lo\nlater\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for every example."""
    return tmp_path_factory.mktemp("log")


@given(content=st.binary(max_size=2000))
def test_whatever_is_written_is_given_back(folder: Path, content: bytes) -> None:
    """Byte for byte, with or without line ends."""
    assert written(folder, lambda end: os.write(end, content)) == content


def test_a_long_line_is_given_back_whole(tmp_path: Path) -> None:
    """It lies in the log in parts."""
    content = b"x" * 40_000 + b"\n" + b"y" * 20_000
    assert written(tmp_path, lambda end: os.write(end, content)) == content


def test_a_log_takes_so_much_and_says_that_it_is_full(tmp_path: Path) -> None:
    """The container goes on, and the disk stays free."""
    content = b"x" * 1000 + b"\n"
    shown = written(tmp_path, lambda end: [os.write(end, content) for _ in range(60)], 10_000)
    assert shown.endswith(b"the log is full; what follows is not kept\n")
    assert (tmp_path / "log").stat().st_size < 80_000
    more = written(tmp_path, lambda end: os.write(end, content), 10_000)
    assert more == content
