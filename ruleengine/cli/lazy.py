"""Groups whose commands live in modules that are imported only when they are called."""

from collections.abc import Mapping
from importlib import import_module

import click


class LazyGroup(click.Group):
    """A group of commands by name: the place of each (``module`` or ``module:attribute``).

    ``commands_there`` maps a name to its place and its one-line help, so that ``--help``
    imports none of them; ``unlisted`` ones are called by our own pods only.
    """

    commands_there: Mapping[str, tuple[str, str]] = {}
    unlisted: Mapping[str, str] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer meets them."""
        del ctx
        return list(self.commands_there)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        del ctx
        listed = self.commands_there.get(cmd_name)
        place = listed[0] if listed else self.unlisted.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            listed = self.commands_there.items()
            formatter.write_dl([(name, about) for name, (_, about) in listed])
