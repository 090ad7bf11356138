"""Options that several commands share, spelt once so that they mean the same everywhere."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ruleengine.app.clusters import ClusterChoice

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Command = Callable[..., Any]


def directory(command: Decorated) -> Decorated:
    """Add ``-C DIR``: the config repo to work in."""
    return click.option(
        "-C",
        "--directory",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        show_default="the current folder",
        help="The config repo, or a folder inside it.",
    )(command)


def output(*formats: str) -> Callable[[Decorated], Decorated]:
    """Add ``-o FORMAT`` with the given formats; the first is the default."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How to print the result.",
    )


def gathering(
    name: str, make: Callable[..., object], *options: Callable[[Command], Command]
) -> Callable[[Command], Command]:
    """Add options that a command receives as one value, under ``name``.

    ``make`` is called with those of them that its parameters name, before the command.
    """
    takes = tuple(signature(make).parameters)

    def decorate(command: Command) -> Command:
        @wraps(command)
        def gathered(**given: Any) -> object:
            own = {one: given.pop(one) for one in takes if one in given}
            return command(**{name: make(**own)}, **given)

        decorated: Command = gathered
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


def _choice(*, local: bool, context: str, kubeconfig: str, state: Path | None) -> "ClusterChoice":
    if local and (context or kubeconfig):
        raise click.UsageError("--local and --context/--kubeconfig exclude each other")
    from ruleengine.app.clusters import ClusterChoice

    return ClusterChoice(local=local, context=context, kubeconfig=kubeconfig, state=state)


cluster = gathering(
    "cluster",
    _choice,
    click.option("--local", is_flag=True, help="The local control plane (the default)."),
    click.option("--context", default="", metavar="NAME", help="The cluster, by its context."),
    click.option("--kubeconfig", default="", metavar="FILE", help="The kubeconfig to use."),
    click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        help="The local control plane's state (default: .ruleengine in the repo).",
    ),
)
"""Adds the choice of a cluster; the command receives it as ``cluster: ClusterChoice``."""


class DurationType(click.ParamType[timedelta]):
    """A duration as Kubernetes writes it: ``90s``, ``5m``, ``1h30m``; a bare number is seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the duration that a text names."""
        if isinstance(value, timedelta):
            return value
        from ruleengine.apimachinery.durations import parse_argo_duration
        from ruleengine.formats.go_durations import DurationError

        try:
            found = parse_argo_duration(str(value))
        except DurationError:
            self.fail(f"{value!r} is no duration: write 90s, 5m or 1h30m", param, ctx)
        if found < timedelta():
            self.fail(f"{value!r} is less than nothing: write 90s, 5m or 1h30m", param, ctx)
        return found
