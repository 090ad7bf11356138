"""``ruleengine pipeline``: everything about workflows. Its commands are imported when called."""

from typing import Final

import click

from ruleengine.cli.lazy import LazyGroup

_ROOM: Final = "ruleengine.cli.pipelines"

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "run": (f"{_ROOM}.run", "Run a pipeline of the repo, a file, or a live template."),
    "list": (f"{_ROOM}.looking:list_command", "List workflows."),
    "get": (f"{_ROOM}.looking:get_command", "Show one workflow with the tree of its nodes."),
    "watch": (f"{_ROOM}.following:watch_command", "Follow workflows in a live tree."),
    "wait": (f"{_ROOM}.following:wait_command", "Wait until workflows are over."),
    "logs": (f"{_ROOM}.logs", "Print the logs of a workflow's steps."),
    "graph": (f"{_ROOM}.graph", "Draw a workflow or a template as Mermaid or DOT."),
    "lint": (f"{_ROOM}.lint", "Check the files of pipelines."),
    "retry": (f"{_ROOM}.again:retry_command", "Go on where a workflow failed."),
    "resubmit": (f"{_ROOM}.again:resubmit_command", "Run a workflow anew."),
    "suspend": (f"{_ROOM}.telling:suspend_command", "Begin no new steps of workflows."),
    "resume": (f"{_ROOM}.telling:resume_command", "Go on with suspended workflows or nodes."),
    "stop": (f"{_ROOM}.telling:stop_command", "Stop workflows; exit handlers still run."),
    "terminate": (f"{_ROOM}.telling:terminate_command", "Stop workflows at once."),
    "delete": (f"{_ROOM}.telling:delete_command", "Delete workflows."),
    "node": (f"{_ROOM}.node", "Set outputs or phases of suspended nodes."),
    "cron": (f"{_ROOM}.cron", "See to pipelines that run by schedule."),
    "artifact": (f"{_ROOM}.artifact", "List and fetch what steps kept."),
    "archive": (f"{_ROOM}.archive", "See to workflows that are over and were archived."),
    "sync": (f"{_ROOM}.sync", "See to locks that lie in a database."),
    "metrics": (f"{_ROOM}.metrics", "Print what workflows told as metrics."),
    "template": (f"{_ROOM}.template", "See to templates of workflows."),
}

OF_ARGO: Final = {
    "submit": "run",
    "cp": "artifact get",
    "cluster-template": "template",
    "convert": "lint",
}
"""What Argo's own program calls commands that have another name here."""


class _Pipelines(LazyGroup):
    commands_there = COMMANDS
    known_elsewhere = OF_ARGO


@click.command(cls=_Pipelines, epilog="Example: ruleengine pipeline run build -p branch=main")
def command() -> None:
    """Run pipelines, and see to what runs: Argo Workflows' commands, with or without a cluster."""
