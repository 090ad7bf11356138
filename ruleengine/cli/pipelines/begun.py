"""What comes after a workflow was created or goes on: it is followed, or left to others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from ruleengine.cli.pipelines.following import followed
from ruleengine.cli.pipelines.showing import told
from ruleengine.cli.printing import program
from ruleengine.model.actions import Target
from ruleengine.model.errors import ExitCode
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.pipelines.places import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a workflow is followed, and printed; ``word`` says what was done to it."""

    output: str
    wait: bool = True
    watch: bool = False
    log: bool = False
    word: str = "created"


def begun(place: "Place", workflow: Object, manner: Manner) -> int:
    """Follow a workflow as it was asked for, and return the exit code."""
    name = str(workflow["metadata"]["name"])
    if manner.output in ("text", "wide"):
        click.echo(f"{manner.word} {name}")
    if manner.wait or manner.watch or manner.log:
        if not place.drives:
            click.echo(f"note: {_who(place)}", err=True)
        targets = [Target.of(workflow)]
        return followed(place, targets, manner.output, watch=manner.watch, log=manner.log)
    if manner.output not in ("text", "wide"):
        told(manner.output, [workflow], manner.word)
    if place.drives:
        click.echo(
            f"note: it goes on while something drives it: {program()} run, "
            f"or {program()} pipeline watch {name}",
            err=True,
        )
    else:
        click.echo(f"note: {_who(place)}", err=True)
    return ExitCode.DONE


def _who(place: "Place") -> str:
    if place.hands_over:
        return "handed over: Argo's controllers run it"
    return "a controller on the cluster has to drive it; --drive does that from here"
