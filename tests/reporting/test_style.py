"""When colour and box drawing are used."""

from io import StringIO

import pytest

from ruleengine.reporting.style import Style, shortened, style_for, width_of


class Terminal(StringIO):
    """A stream that a person looks at."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say yes."""
        return True


def test_a_terminal_gets_colour() -> None:
    """People see colour."""
    assert style_for(Terminal(), {}) == Style(colour=True, unicode=True)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colour_gets_none(environment: dict[str, str]) -> None:
    """NO_COLOR and dumb terminals are respected."""
    assert not style_for(Terminal(), environment).colour


def test_a_pipe_gets_no_colour() -> None:
    """Files and pipes hold plain text."""
    assert not style_for(StringIO(), {}).colour


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 3, "abc"),
        ("a-very-long-name(12:x)", 16, "a-very-l…e(12:x)"),
        ("日本語", 6, "日本語"),
        ("日本語の名前", 6, "日…前"),
        ("日本語の名前", 7, "日本…前"),
        ("日本語の名前", 8, "日本…前"),
    ],
)
def test_long_texts_keep_their_beginning_and_their_end(text: str, width: int, shown: str) -> None:
    """Within the columns that they have, wide letters counted as two."""
    found = shortened(text, width)
    assert found == shown
    assert width_of(found) <= width
