"""Progress appears late, rarely, and only where a person looks."""

from io import StringIO

from ruleengine.reporting.progress import (
    SILENCE,
    TerminalProgress,
    progress_for,
    progress_line,
)


class Clock:
    """A clock that tests move."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


def test_short_work_shows_nothing() -> None:
    """Half a second passes before anything appears."""
    stream, clock = StringIO(), Clock()
    progress = TerminalProgress(stream, clock)
    progress.advance("checking", 1, 2)
    progress.finish()
    assert stream.getvalue() == ""


def test_long_work_shows_one_line_and_removes_it() -> None:
    """The line rewrites itself at most ten times a second."""
    stream, clock = StringIO(), Clock()
    progress = TerminalProgress(stream, clock, unicode=False)
    clock.now = 1.0
    progress.advance("checking", 1, 4)
    progress.advance("checking", 2, 4)
    progress.finish()
    assert stream.getvalue() == "\r\x1b[K- checking 1/4 (25%)\r\x1b[K"


def test_a_pipe_gets_no_progress() -> None:
    """Logs stay free of it."""
    assert progress_for(StringIO(), Clock()) is SILENCE


def test_work_of_unknown_length_shows_a_count() -> None:
    """No percentage is made up."""
    assert progress_line("reading", 1200) == "reading 1,200"
