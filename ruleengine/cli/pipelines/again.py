"""``pipeline retry`` and ``pipeline resubmit``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from ruleengine.cli.pipelines.following import CODES
from ruleengine.cli.pipelines.options import (
    Manner,
    Where,
    follow_options,
    memoized,
    parameters,
    placed,
    retried,
    workflow,
)

if TYPE_CHECKING:
    from ruleengine.app.pipelines.places import Place
    from ruleengine.model.values import Object
    from ruleengine.pipelines.verbs.retrying import Retry

_RETRY_EPILOG = f"""\b
Examples:
  ruleengine pipeline retry build-x7k2p --watch
  ruleengine pipeline retry build-x7k2p -p image=web:2
  ruleengine pipeline retry build-x7k2p --restart-successful \\
    --node-field-selector displayName=test

{CODES}"""
_RESUBMIT_EPILOG = f"""\b
Examples:
  ruleengine pipeline resubmit build-x7k2p --watch
  ruleengine pipeline resubmit build-x7k2p --memoized

{CODES}"""


@click.command("retry", epilog=_RETRY_EPILOG)
@workflow
@retried
@follow_options
@placed
def retry_command(*, name: str, asked: "Retry", manner: Manner, where: Where) -> int:
    """Go on where a workflow failed: what succeeded is kept, the rest runs again."""
    from ruleengine.app.pipelines.again import retry_live
    from ruleengine.cli.pipelines.begun import begun

    return begun(where, manner, lambda place: retry_live(place, name, asked), "retried")


@click.command("resubmit", epilog=_RESUBMIT_EPILOG)
@workflow
@parameters
@memoized
@follow_options
@placed
def resubmit_command(
    *,
    name: str,
    parameters: Mapping[str, str],
    memoized: bool,
    manner: Manner,
    where: Where,
) -> int:
    """Run a workflow anew, as another one with the same spec."""
    from ruleengine.app.pipelines import again, finding
    from ruleengine.cli.pipelines.begun import begun

    def begin(place: "Place") -> "Object":
        found = finding.workflow(place, name)
        return again.resubmit_one(place, found, parameters, memoized=memoized)

    return begun(where, manner, begin)
