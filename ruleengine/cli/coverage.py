"""``ruleengine coverage``."""

from pathlib import Path

import click

from ruleengine.app.coverage import Coverage, cover, totals
from ruleengine.cli.options import directory, output
from ruleengine.cli.printing import columns, show, show_findings
from ruleengine.model.configuration import Engine
from ruleengine.model.errors import ExitCode
from ruleengine.model.findings import has_errors
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object
from ruleengine.reporting.style import Style
from ruleengine.validation.support import FieldUse


@click.command(epilog="Example: ruleengine coverage --engine handover")
@click.option(
    "--engine",
    type=click.Choice([str(one) for one in Engine]),
    help="Ask for another engine than the repo's own.",
)
@output("text", "json", "yaml")
@directory
def command(*, engine: str | None, output: str, directory: Path) -> int:
    """List every Argo field that the repo uses: honoured, handed over or not honoured."""
    found = cover(directory, Engine(engine) if engine else None)
    show_findings(output, found.findings, beside=True)
    show(output, lambda style: _text(found.uses, style), lambda: _data(found))
    return ExitCode.FAILED if has_errors(found.findings) else ExitCode.DONE


def _text(uses: tuple[FieldUse, ...], style: Style) -> str:
    del style
    rows = [(f"{one.path}:{one.line}", one.kind, one.field, one.state.value) for one in uses]
    summary = ", ".join(
        f"{number:,} {state.value}" for state, number in totals(uses).items() if number
    )
    return columns(rows) + f"{summary or 'no field of an Argo kind is used'}\n"


def _data(found: Coverage) -> Object:
    from ruleengine.reporting.as_json import finding_data

    rows = [
        {
            "path": one.path,
            "line": one.line,
            "kind": one.kind,
            "field": one.field,
            "state": one.state.value,
        }
        for one in found.uses
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": "Coverage",
        "summary": {state.value: number for state, number in totals(found.uses).items()},
        "fields": rows,
        "findings": [finding_data(one) for one in found.findings],
    }
