"""Workflows and other objects of pipelines, printed in the formats of the house and in Argo's."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import click

from ruleengine.cli.printing import columns, show
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object, lookup
from ruleengine.reporting.masking import shown_object
from ruleengine.reporting.style import Style


def show_objects(
    output: str, values: Sequence[Object], text: Callable[[Style], str], wide: str = ""
) -> None:
    """Print objects: as text, by name only, wide, or as data."""
    if output == "name":
        click.echo("".join(f"{_name(one)}\n" for one in values), nl=False)
    elif output == "wide":
        show("text", (lambda _: wide) if wide else text, dict)
    else:
        show(output, text, lambda: objects_data(values))


def objects_data(values: Sequence[Object]) -> Object:
    """Return the envelope ``Objects``."""
    items = [shown_object(one) for one in values]
    return {"apiVersion": API_VERSION, "kind": "Objects", "items": items}


def show_workflows(output: str, values: Sequence[Object], *, namespaces: bool = False) -> None:
    """Print a table of workflows, or them as data."""
    from ruleengine.reporting.workflows import workflow_rows

    now = datetime.now(UTC)

    def table(*, wide: bool) -> str:
        if not values:
            return "none\n"
        return columns(workflow_rows(values, now, wide=wide, namespaces=namespaces))

    show_objects(output, values, lambda _: table(wide=False), table(wide=True))


def show_workflow(output: str, workflow: Object) -> None:
    """Print one workflow with its tree, or it as data."""
    from ruleengine.reporting.workflows import workflow_text

    now = datetime.now(UTC)
    show_objects(output, [workflow], lambda style: workflow_text(workflow, now, style))


def told(output: str, values: Sequence[Object], word: str) -> None:
    """Print that something was done to objects, or the objects as data."""
    lines = "".join(f"{word} {one['metadata']['name']}\n" for one in values)
    show_objects(output, values, lambda _: lines or "none\n")


def told_deleted(output: str, asked: Sequence[Object], kept: Sequence[Object]) -> None:
    """Print that objects were deleted, and which of them finalizers ``kept``, or all as data."""
    going = {one["metadata"]["name"]: one for one in kept}
    lines = []
    for one in asked:
        name = one["metadata"]["name"]
        line = f"deleted {name}\n"
        if name in going:
            finalizers = ", ".join(going[name]["metadata"]["finalizers"])
            line = f"deleting {name}: it goes once {finalizers} is taken away\n"
        lines.append(line)
    values = [going.get(one["metadata"]["name"], one) for one in asked]
    show_objects(output, values, lambda _: "".join(lines) or "none\n")


def _name(value: Object) -> str:
    kind = str(value.get("kind", "")).lower()
    return f"{kind}/{lookup(value, 'metadata', 'name', default='')}"
