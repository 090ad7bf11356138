"""Options that the ``pipeline`` commands share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from ruleengine.cli.options import cluster, directory, output
from ruleengine.cli.pipelines import completing

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

FORMATS = ("text", "json", "yaml", "name", "wide")


def namespace(command: Decorated) -> Decorated:
    """Add ``-n NAMESPACE``."""
    return click.option(
        "-n",
        "--namespace",
        default="",
        show_default="that of pipelines",
        help="The namespace of the workflows.",
    )(command)


def placed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says where: namespace, cluster and config repo, and how to print."""
    return namespace(output(*FORMATS)(cluster(directory(command))))


def workflow(command: Decorated) -> Decorated:
    """Add the argument ``NAME`` of one workflow."""
    return click.argument("name", shell_complete=completing.workflows)(command)


def workflows(command: Decorated) -> Decorated:
    """Add the arguments ``NAME...`` of workflows."""
    return click.argument(
        "names", nargs=-1, required=True, metavar="NAME...", shell_complete=completing.workflows
    )(command)


def node_field_selector(command: Decorated) -> Decorated:
    """Add ``--node-field-selector``."""
    return click.option(
        "--node-field-selector",
        "selector",
        default="",
        metavar="FIELD=VALUE,...",
        help="Only these nodes, by displayName, name, id, phase, templateName and others.",
    )(command)


def parameters(command: Decorated) -> Decorated:
    """Add ``-p NAME=VALUE`` and ``--parameter-file``."""
    file = click.option(
        "-f",
        "--parameter-file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        default=None,
        help="A YAML or JSON file of parameters; -p wins over it.",
    )
    one = click.option(
        "-p",
        "--parameter",
        "parameter",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter; as often as needed.",
    )
    return one(file(command))


def follow_options(command: Decorated) -> Decorated:
    """Add how to follow a workflow that was begun."""
    for option in (
        click.option("--log", is_flag=True, help="Print the logs of its steps while it runs."),
        click.option("--watch", is_flag=True, help="Follow it in a live tree, to its end."),
        click.option(
            "--wait/--no-wait",
            default=True,
            help="Wait for its end, or until it waits for a person.",
        ),
        click.option(
            "--drive", is_flag=True, help="Drive it from here on a cluster that was named, too."
        ),
    ):
        command = option(command)
    return command


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """Return the pairs that ``NAME=VALUE`` texts mean. Raises ``UsageError``."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} {text!r}: write NAME=VALUE")
        found[name] = value
    return found


def read_parameters(texts: Sequence[str], file: str | None) -> Mapping[str, str]:
    """Return parameters of the command line over those of a file. Raises ``UsageError``."""
    given = pairs(texts, "-p")
    if file is None:
        return given
    from ruleengine.formats import yaml_reader
    from ruleengine.pipelines.texts import as_text

    with click.open_file(file, "rb") as stream:
        parsed = yaml_reader.read(stream.read(), file)
    values = [one.value for one in parsed.documents]
    if parsed.findings or len(values) != 1 or not isinstance(values[0], dict):
        why = parsed.findings[0].message if parsed.findings else "it is no mapping"
        raise click.UsageError(f"{file} holds no parameters: {why}")
    return {**{str(name): as_text(value) for name, value in values[0].items()}, **given}
