"""``ruleengine pipeline lint``: ``validate`` for the files of pipelines."""

from pathlib import Path

import click

from ruleengine.cli.options import directory, output
from ruleengine.model.errors import ExitCode

_EPILOG = """\b
Examples:
  ruleengine pipeline lint
  ruleengine pipeline lint pipelines/build.yaml -o json
  ruleengine pipeline lint drafts/build.yaml drafts/templates.yaml
  ./make-workflow | ruleengine pipeline lint -

\b
Exit codes: 0 no errors, 1 findings of severity error, 3 wrong usage.
"""


_STDIN = Path("-")


@click.command("lint", epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@output("text", "json", "yaml", "sarif", "junit")
@directory
def command(*, paths: tuple[Path, ...], output: str, directory: Path) -> int:
    """Check the files of pipelines, or those named, by every check of `validate`.

    `-` is the standard input.

    No cluster is needed: what a file refers to has to be in the repo, or in a file that is named
    with it. Outside of any repo, what the named files do not declare is not checked.
    """
    import sys

    from ruleengine.app.pipelines.linting import lint
    from ruleengine.cli.validate import write_validation

    files = tuple(one for one in paths if one != _STDIN)
    given = sys.stdin.buffer.read() if _STDIN in paths else None
    validation = lint(directory, files, given)
    write_validation(validation, output, None, verbose=False)
    return ExitCode.FAILED if validation.report.failed else ExitCode.DONE
