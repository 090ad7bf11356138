"""``ruleengine validate``: check files, staged files or a revision."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ruleengine.cli.options import directory, output
from ruleengine.model.errors import ExitCode, cannot_write
from ruleengine.validation.check_names import Check

if TYPE_CHECKING:
    from ruleengine.app.validating import Validation, ValidationOptions

_EPILOG = """\b
Examples:
  ruleengine validate                          everything, as it lies here
  ruleengine validate environments/staging     one folder
  ruleengine validate --staged                 what the next commit holds
  ruleengine validate --revision main          a branch, tag or commit
  ruleengine validate --checks schema,identity two checks only
  ruleengine validate -o sarif --output-file findings.sarif

\b
Exit codes: 0 no errors, 1 findings of severity error, 3 wrong usage.
"""


class ChecksType(click.ParamType[frozenset[Check]]):
    """A list of checks, parted by commas."""

    name = "checks"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[Check]:
        """Return the checks that a text names."""
        names = [one.strip() for one in str(value).split(",") if one.strip()]
        unknown = [one for one in names if one not in {*Check}]
        if unknown or not names:
            known = ", ".join(Check)
            self.fail(
                f"{', '.join(unknown) or 'nothing'} is no check: choose among {known}", param, ctx
            )
        return frozenset(Check(one) for one in names)


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--staged", is_flag=True, help="Check what is staged, as the next commit would have it."
)
@click.option("--revision", metavar="REV", default="", help="Check a commit, branch or tag.")
@click.option(
    "--checks",
    type=ChecksType(),
    default=",".join(Check),
    show_default="all",
    metavar="NAME,...",
    help=f"Run these checks only: {', '.join(Check)}.",
)
@output("text", "json", "yaml", "sarif", "junit")
@click.option(
    "--output-file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the result to a file.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    show_default="the cores there are",
    help="Use at most so many processes.",
)
@click.option(
    "-v", "--verbose", is_flag=True, help="List the documents that are only recorded, too."
)
@directory
def command(  # noqa: PLR0913 - one parameter per option
    *,
    paths: tuple[Path, ...],
    staged: bool,
    revision: str,
    checks: frozenset[Check],
    output: str,
    output_file: Path | None,
    jobs: int | None,
    verbose: bool,
    directory: Path,
) -> int:
    """Check the files of a config repo: schemas, identities, references, policies, renders.

    Without PATHS everything is reported. With PATHS or --staged only findings of those files
    are, and what they break in others. A file outside the four folders that is named is taken
    by its kind; what it refers to is looked up in the named files and in the repo.
    """
    if staged and revision:
        raise click.UsageError("--staged and --revision exclude each other")
    with _nothing_collected():
        from ruleengine.app.validating import ValidationOptions

        options = ValidationOptions(
            today=datetime.now(UTC).date(),
            directory=directory,
            paths=paths,
            staged=staged,
            revision=revision,
            checks=checks,
            jobs=jobs,
            recorded=verbose or output != "text",
        )
        validation = _run(options)
        write_validation(validation, output, output_file, verbose=verbose)
    return ExitCode.FAILED if validation.report.failed else ExitCode.DONE


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Have no cycles looked for: it does not take long, and imports make much that is no garbage.

    Whoever calls the command in a longer process has them looked for again: what is there counts
    as old then, so that the next small collection does not go through all of it.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if before:
            gc.enable()


def _run(options: "ValidationOptions") -> "Validation":
    import sys
    import time

    from ruleengine.app.validating import validate
    from ruleengine.reporting.progress import progress_for

    progress = progress_for(sys.stderr, time.monotonic)
    try:
        return validate(options, progress)
    finally:
        progress.finish()


def write_validation(
    validation: "Validation", output: str, file: Path | None, *, verbose: bool
) -> None:
    """Print the result of a validation, or write it to a file."""
    import os
    import sys

    from ruleengine.reporting.style import PLAIN, style_for
    from ruleengine.reporting.validation import report_text

    style = PLAIN if file else style_for(sys.stdout, os.environ)
    text = report_text(validation.report, output, style, validation.source, verbose=verbose)
    if file is None:
        click.echo(text, nl=False, color=style.colour)
    else:
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise cannot_write(file, error, "name a file in a folder that is there") from error
    if validation.report.note:
        click.echo(f"note: {validation.report.note}", err=True)
