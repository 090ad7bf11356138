"""What is said beside a result where nobody is seen to drive the workflows that it is about."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from ruleengine.cli.printing import program
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.pipelines.places import Place


def note_undriven(place: "Place", workflows: Iterable[Object]) -> None:
    """Say what lets workflows go on that were changed, unless somebody drives them."""
    names = " ".join(str(one["metadata"]["name"]) for one in workflows)
    own = f"{program()} pipeline watch {names}"
    if place.cluster.local:
        own = f"{program()} run, or {own}"
    _note(place, f"goes on while something drives it: {own}")


def note_unscheduled(place: "Place") -> None:
    """Say what starts workflows by their schedules, unless somebody does."""
    _note(place, f"starts while something drives it: {program()} run")


def _note(place: "Place", what: str) -> None:
    if place.hands_over:
        click.echo("note: handed over: Argo's controllers run it", err=True)
    elif not place.driver():
        drive = "" if place.cluster.local else " --drive"
        click.echo(f"note: it {what}{drive}", err=True)
