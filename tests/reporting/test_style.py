"""When colour and box drawing are used."""

from io import StringIO

import pytest

from ruleengine.reporting.style import Style, style_for


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
