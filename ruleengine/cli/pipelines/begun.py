"""What comes after a workflow was created or goes on: it is followed, or left to others."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from ruleengine.cli.pipelines.following import followed
from ruleengine.cli.pipelines.options import Manner, Where
from ruleengine.cli.pipelines.showing import told
from ruleengine.cli.pipelines.undriven import note_undriven
from ruleengine.cli.printing import FOR_PEOPLE, outliving
from ruleengine.model.actions import Target
from ruleengine.model.errors import ExitCode
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from ruleengine.app.pipelines.places import Place


def begun(
    where: Where, manner: Manner, begin: Callable[["Place"], Object], word: str = "created"
) -> int:
    """Begin a workflow, follow it as it was asked for, and return the exit code.

    ``word`` says what was done to it.
    """
    with where.opened(drive=manner.drive) as place:
        workflow = begin(place)
        name = str(workflow["metadata"]["name"])
        if where.output in FOR_PEOPLE:
            outliving(click.echo)(f"{word} {name}")
        if manner.follows:
            if not place.drives:
                note_undriven(place, [workflow])
            targets = [Target.of(workflow)]
            return followed(place, targets, where.output, watch=manner.watch, log=manner.log)
        if where.output not in FOR_PEOPLE:
            told(where.output, [workflow], word)
        note_undriven(place, [workflow])
    return ExitCode.DONE
