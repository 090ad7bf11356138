"""The one place where errors become messages and exit codes (design, section 9)."""

import os
import select
import sys

import click

from ruleengine.model.errors import (
    ExitCode,
    RuleEngineError,
    UsageError,
    cannot_write,
    is_disk_full,
)


def run(command: click.Command) -> int:
    """Run a click command and return the exit code of the process."""
    _open_what_is_closed()
    try:
        outcome = command.main(standalone_mode=False, prog_name="ruleengine")
    except Exception as error:  # noqa: BLE001 - the outermost handler: every way out is below
        return _exit_code_of(error)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    return outcome if isinstance(outcome, int) else ExitCode.DONE


def _open_what_is_closed() -> None:
    """Put /dev/null in place of standard streams that the caller closed (``>&-``).

    Without it the next file that is opened takes the number of one of them.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - stays open
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


def _exit_code_of(error: Exception) -> int:
    match error:
        case click.exceptions.Abort():
            click.echo("interrupted", err=True)
            code = ExitCode.INTERRUPTED
        case click.ClickException():
            error.show()
            code = ExitCode.USAGE
        case RuleEngineError():
            click.echo(f"error: {error.message}", err=True)
            click.echo(f"  remedy: {error.remedy}", err=True)
            code = error.exit_code
        case OSError() if is_disk_full(error):
            give_up_output()
            return _exit_code_of(cannot_write(error.filename or "standard output", error, ""))
        case FileNotFoundError() if not _is_somewhere():
            return _exit_code_of(UsageError("the folder that you are in is gone", "go to another"))
        case _:
            code = _report_crash(error)
    return code


def _is_somewhere() -> bool:
    """Tell whether the working directory is there: others may have removed it."""
    try:
        os.getcwd()  # noqa: PTH109 - nothing is done with the path
    except FileNotFoundError:
        return False
    return True


def is_reader_gone() -> bool:
    """Tell whether nobody reads standard output any more, as after ``| head -1``."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def give_up_output() -> None:
    """Let whatever is still written to standard output be lost without a complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_crash(error: Exception) -> ExitCode:
    """Write where it happened, without the values of variables: they may be secrets."""
    import tempfile
    import traceback

    click.echo("error: this is a defect of ruleengine, not of your files", err=True)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="ruleengine-crash-", suffix=".txt", delete=False, encoding="utf-8"
        ) as report:
            report.write(f"Python {sys.version}\n")
            report.write("".join(traceback.format_exception(error)))
        remedy = f"please report it with {report.name}"
    except OSError as unwritten:
        remedy = f"run it again with a TMPDIR that can take a report ({unwritten.strerror})"
    click.echo(f"  remedy: {remedy}", err=True)
    return ExitCode.INTERNAL
