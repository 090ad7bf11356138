"""The root command. Groups and commands are imported only when they are called.

Every way out of the process passes :func:`main`: known errors become one line with a
remedy, unknown ones a report file, and click's own exit code 2 becomes 3.
"""

import gc
import sys

import click

from ruleengine import __version__
from ruleengine.cli import pipeline
from ruleengine.cli.exits import give_up_output, is_reader_gone, run
from ruleengine.cli.lazy import LazyGroup
from ruleengine.model.errors import ExitCode

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("ruleengine.cli.init", "Make a config repo that works at once."),
    "validate": ("ruleengine.cli.validate", "Check files, staged files or a revision."),
    "plan": ("ruleengine.cli.plan", "Show what an apply would do, field by field."),
    "simulate": ("ruleengine.cli.simulate", "Show what would happen over time, in moments."),
    "apply": ("ruleengine.cli.apply", "Perform the plan and wait until it has settled."),
    "run": ("ruleengine.cli.run", "Apply, then keep going: receive events and reconcile."),
    "pipeline": ("ruleengine.cli.pipeline", "Run pipelines, and see to what runs."),
    "status": ("ruleengine.cli.status", "Show how the environments are."),
    "get": ("ruleengine.cli.get", "Show live objects that the repo brought about."),
    "why": ("ruleengine.cli.why", "Explain where an object comes from."),
    "coverage": (
        "ruleengine.cli.coverage",
        "List the Argo fields in use, and what becomes of them.",
    ),
    "schema": ("ruleengine.cli.schema", "Print a JSON Schema, or write all for editors."),
    "rules": ("ruleengine.cli.rules", "List and test the rules in force."),
    "local": ("ruleengine.cli.local", "Keep the local control plane running."),
    "doctor": ("ruleengine.cli.doctor", "Say what this machine lacks."),
    "demo": ("ruleengine.cli.demo", "Apply the sample repo to the local control plane."),
    "completion": ("ruleengine.cli.completion", "Print what makes a shell complete commands."),
}
"""Name of a command to its module and its one-line help: ``--help`` imports none of them."""

HIDDEN: dict[str, str] = {"step": "ruleengine.cli.step"}
"""Commands that only our own pods call."""

_OF_PIPELINES = {
    **{name: f"pipeline {name}" for name in pipeline.COMMANDS},
    **{name: f"pipeline {meant}" for name, meant in pipeline.OF_ARGO.items()},
}


class _Root(LazyGroup):
    commands_there = COMMANDS
    unlisted = HIDDEN
    known_elsewhere = _OF_PIPELINES

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments. Raises ``UsageError`` for one that is no text.

        Servers, databases and reports take no other bytes.
        """
        for one in args:
            text = one.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            if text != one:
                raise click.UsageError(f"'{text}' is no text: write or rename it in UTF-8", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a reader that has seen enough is no failure, as click would have it."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            if not is_reader_gone():  # a pipe of our own, and click would say nothing of it
                raise ConnectionError(str(error)) from error
            give_up_output()
            return ExitCode.DONE


@click.command(
    cls=_Root,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: ruleengine init my-config",
)
@click.version_option(__version__, prog_name="ruleengine")
def root() -> None:
    """Deliver, build, release and react from one Git repository with four folders."""


def main() -> None:
    """Run the command line and exit with a documented code."""
    code = run(root)
    gc.disable()  # what is left is the system's to take back: the interpreter would go through it
    sys.exit(code)
