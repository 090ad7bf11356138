"""Names for the shell to complete. Nothing is started for it, and nothing goes wrong loudly."""

from pathlib import Path

import click

from ruleengine.model.errors import RuleEngineError


def workflows(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return names of workflows."""
    del param
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


def _live(ctx: click.Context, kind: str, incomplete: str) -> list[str]:
    from ruleengine.app.clusters import ClusterChoice
    from ruleengine.app.pipelines.listing import live_names

    given = ctx.params
    choice = ClusterChoice(
        context=given.get("context") or "",
        kubeconfig=given.get("kubeconfig") or "",
        state=given.get("state"),
    )
    try:
        names = live_names(
            given.get("directory") or Path(), choice, kind, given.get("namespace") or ""
        )
    except (RuleEngineError, OSError):
        return []
    return [name for name in names if name.startswith(incomplete)]
