"""Groups that know what is meant, and whose commands may be imported only when they are called."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module

import click
from click.exceptions import NoSuchCommand


class SuggestingGroup(click.Group):
    """A group of commands that answers an unknown one with what is near.

    ``known_elsewhere`` maps what people may call a command to the words that are meant, and
    ``done_elsewhere`` what they look for here to how it is done.
    """

    known_elsewhere: Mapping[str, str] = {}
    done_elsewhere: Mapping[str, str] = {}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that arguments begin with. Raises ``UsageError``, with what is near.

        click's own suggestions are of commands that were imported.
        """
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:
            name = error.command_name
            meant = self.known_elsewhere.get(name)
            near = [meant] if meant else get_close_matches(name, self.list_commands(ctx))
            remedy = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
            remedy = self.done_elsewhere.get(name, remedy)
            raise click.UsageError(f"{error.message} {remedy}".rstrip(), ctx) from None


class LazyGroup(SuggestingGroup):
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
