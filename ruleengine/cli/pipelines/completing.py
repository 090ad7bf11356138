"""Names for the shell to complete. Nothing is started for it, and nothing goes wrong loudly."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ruleengine.model.errors import RuleEngineError

if TYPE_CHECKING:
    from ruleengine.app.pipelines.places import Place

Complete = Callable[[click.Context, click.Parameter, str], list[str]]
"""How click has a parameter completed."""


def words_of(choices: Iterable[str]) -> Complete:
    """Return what completes a list of words with commas."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        del ctx, param
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{one}" for one in choices if one.startswith(last)]

    return complete


def workflows(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of workflows; what stands for the newest one where it is begun."""
    del param
    if incomplete.startswith("@"):
        from ruleengine.app.pipelines.finding import LATEST

        return [LATEST]
    return _live(ctx, "Workflow", incomplete)


def crons(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of CronWorkflows."""
    del param
    return _live(ctx, "CronWorkflow", incomplete)


def templates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of templates."""
    del param
    kinds = ("WorkflowTemplate", "ClusterWorkflowTemplate")
    return [name for kind in kinds for name in _live(ctx, kind, incomplete)]


def pipelines(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of what the repo declares and can be run."""
    del param
    from ruleengine.app.pipelines.listing import declared_names

    directory = ctx.params.get("directory") or Path()
    try:
        names = declared_names(directory)
    except (RuleEngineError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete)]


def drawable(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of workflows, and of what the repo declares."""
    return [*workflows(ctx, param, incomplete), *pipelines(ctx, param, incomplete)]


def sources(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return what a workflow can be made of as it is live: ``KIND/NAME``."""
    del param
    from ruleengine.pipelines.verbs.submitting import RUNNABLE

    kinds = {one.lower(): one for one in RUNNABLE}
    kind, slash, name = incomplete.partition("/")
    if not slash:
        return [f"{one}/" for one in kinds if one.startswith(kind.lower())]
    found = _live(ctx, kinds[kind.lower()], name) if kind.lower() in kinds else []
    return [f"{kind}/{one}" for one in found]


def archived(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of archived workflows."""
    del param
    from ruleengine.app.pipelines.listing import archived_names

    return _offered(ctx, archived_names, incomplete)


def steps(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of the steps of the workflow that was named before."""
    del param
    from ruleengine.app.pipelines.listing import step_names

    return _offered(ctx, lambda place: step_names(place, ctx.params["name"]), incomplete)


def artifacts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of the artifacts of the workflow that was named before."""
    del param
    from ruleengine.app.pipelines.listing import artifact_names

    return _offered(ctx, lambda place: artifact_names(place, ctx.params["name"]), incomplete)


def _live(ctx: click.Context, kind: str, incomplete: str) -> list[str]:
    from ruleengine.app.pipelines.listing import live_names

    return _offered(ctx, lambda place: live_names(place, kind), incomplete)


def _offered(
    ctx: click.Context, names: "Callable[[Place], Iterable[str]]", incomplete: str
) -> list[str]:
    from ruleengine.app.clusters import ClusterChoice
    from ruleengine.app.pipelines.listing import names_at

    given = ctx.params
    choice = ClusterChoice(
        context=given.get("context") or "",
        kubeconfig=given.get("kubeconfig") or "",
        state=given.get("state"),
    )
    directory, namespace = given.get("directory") or Path(), given.get("namespace") or ""
    try:
        found = names_at(directory, choice, namespace, names)
    except (RuleEngineError, OSError):
        return []
    return [name for name in found if name.startswith(incomplete)]
