"""``ruleengine pipeline sync``."""

from typing import TYPE_CHECKING, Final

import click

from ruleengine.cli.lazy import SuggestingGroup
from ruleengine.cli.pipelines.options import MOST, Where, printing

if TYPE_CHECKING:
    from ruleengine.app.pipelines.locks import Locks
    from ruleengine.model.values import Object


_OF_ARGO: Final = {"create": "set", "update": "set", "get": "list"}


class _Locks(SuggestingGroup):
    known_elsewhere = _OF_ARGO


@click.group(cls=_Locks, epilog="Example: ruleengine pipeline sync list")
def command() -> None:
    """See to semaphores and mutexes that lie in a database, which controllers may share.

    It is a file of the state folder, unless `synchronization:` in ruleengine.yaml names another.
    """


@command.command("list", epilog="Example: ruleengine pipeline sync list -o json")
@printing("text", "json", "yaml")
def list_command(*, where: Where) -> None:
    """List limits, and who holds a lock or waits for one, in order."""
    from ruleengine.app.pipelines.locks import known_locks
    from ruleengine.cli.printing import show

    with where.opened() as place:
        found = known_locks(place)
    show(where.output, lambda _: _table(found), lambda: _data(found))


_name = click.argument("name", metavar="[NAMESPACE/]KEY")


@command.command("set", epilog="Example: ruleengine pipeline sync set licences --limit 3")
@_name
@click.option("--limit", type=click.IntRange(0, MOST), required=True, help="How many may hold it.")
@printing()
def set_command(*, name: str, limit: int, where: Where) -> None:
    """Say how many may hold a semaphore. Those that wait go by it within seconds."""
    from ruleengine.app.pipelines.locks import set_limit

    with where.opened() as place:
        whole = set_limit(place, name, limit)
    click.echo(f"{whole} may be held by {limit}")


@command.command("delete", epilog="Example: ruleengine pipeline sync delete licences")
@_name
@printing()
def delete_command(*, name: str, where: Where) -> None:
    """Forget the limit of a semaphore. Nobody gets it from then on."""
    from ruleengine.app.pipelines.locks import drop_limit

    with where.opened() as place:
        whole = drop_limit(place, name)
    click.echo(f"forgot the limit of {whole}")


def _table(found: "Locks") -> str:
    from ruleengine.cli.printing import columns

    limits = [("SEMAPHORE", "LIMIT"), *((one, str(most)) for one, most in found.limits.items())]
    rows = [
        (one.lock, "held" if one.held else "waiting", one.key, str(one.priority), one.controller)
        for one in found.entries
    ]
    head = ("LOCK", "STATE", "BY", "PRIORITY", "CONTROLLER")
    tables = [columns(limits)] if found.limits else []
    tables += [columns([head, *rows])] if rows else []
    return "\n".join(tables) or "none\n"


def _data(found: "Locks") -> "Object":
    from ruleengine.model.names import API_VERSION

    return {
        "apiVersion": API_VERSION,
        "kind": "Locks",
        "limits": [{"name": name, "limit": most} for name, most in found.limits.items()],
        "entries": [
            {
                "lock": one.lock,
                "holder": one.key,
                "held": one.held,
                "priority": one.priority,
                "created": one.created,
                "controller": one.controller,
            }
            for one in found.entries
        ],
    }
