"""The one place where errors become messages and exit codes (design, section 9)."""

import sys
import tempfile
import traceback
from pathlib import Path

import click

from ruleengine.model.errors import ExitCode, RuleEngineError


def run(command: click.Command) -> int:
    """Run a click command and return the exit code of the process."""
    try:
        outcome = command.main(standalone_mode=False, prog_name="ruleengine")
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except RuleEngineError as error:
        click.echo(f"error: {error.message}", err=True)
        click.echo(f"  remedy: {error.remedy}", err=True)
        return error.exit_code
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.DONE
    except Exception:  # noqa: BLE001 - the outermost handler: whatever is left is our fault
        return _report_crash()
    return outcome if isinstance(outcome, int) else ExitCode.DONE


def _report_crash() -> int:
    with tempfile.NamedTemporaryFile(
        "w", prefix="ruleengine-crash-", suffix=".txt", delete=False, encoding="utf-8"
    ) as report:
        report.write(f"Python {sys.version}\n")
        report.write(traceback.format_exc())
    click.echo("error: this is a defect of ruleengine, not of your files", err=True)
    click.echo(f"  remedy: please report it with {Path(report.name)}", err=True)
    return ExitCode.INTERNAL
