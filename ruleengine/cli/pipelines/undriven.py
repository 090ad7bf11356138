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
    watch = f"{program()} pipeline watch {names}"
    who = f"{program()} run, or {watch}" if place.cluster.local else f"{watch} --drive"
    _note(place, f"it goes on while something drives it: {who}")


def note_unscheduled(place: "Place") -> None:
    """Say what starts workflows by their schedules, unless somebody does."""
    _note(place, f"it starts while something drives it: {program()} run")


def note_undeleted(place: "Place", workflows: Iterable[Object]) -> None:
    """Say what deletes the artifacts of workflows that only then go, unless somebody does."""
    held = [str(one["metadata"]["name"]) for one in workflows]
    if held:
        what = f"artifacts of {', '.join(held)} are deleted first"
        _note(place, f"{what}, while something drives that: {program()} run")


def _note(place: "Place", what: str) -> None:
    if place.hands_over:
        click.echo("note: handed over: Argo's controllers run it", err=True)
    elif not place.driver():
        click.echo(f"note: {what}", err=True)
