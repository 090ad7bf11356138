"""Options that are gathered: the command receives one value, its help shows each of them."""

import click
from click.testing import CliRunner

from ruleengine.cli.options import gathering


def _span(low: int, high: int) -> range:
    if low > high:
        raise click.UsageError("--low is above --high")
    return range(low, high)


@click.command()
@click.option("--first", is_flag=True)
@gathering(
    "span",
    _span,
    click.option("--low", type=int, default=0),
    click.option("--between"),
    click.option("--high", type=int, default=3),
)
@click.option("--last", is_flag=True)
def _command(*, first: bool, span: range, between: str, last: bool) -> None:
    """Count."""
    click.echo(f"{first} {list(span)} {between} {last}")


def test_a_command_receives_what_its_options_make_together() -> None:
    """Those that ``make`` does not take, and those around, reach the command as they are."""
    found = CliRunner().invoke(_command, ["--low", "1", "--between", "x", "--last"])
    assert found.output == "False [1, 2] x True\n"


def test_gathered_options_are_listed_where_they_are_added() -> None:
    """Help and completion know each of them, in the order in which they are written."""
    names = [one.name for one in _command.params]
    assert names == ["first", "low", "between", "high", "last"]
    assert "Count." in CliRunner().invoke(_command, ["--help"]).output


def test_what_does_not_fit_together_is_wrong_usage() -> None:
    """The command does not begin."""
    found = CliRunner().invoke(_command, ["--low", "9"])
    assert (found.exit_code, "--low is above --high" in found.output) == (2, True)
