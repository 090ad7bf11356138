"""Options that the ``pipeline`` commands share."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ruleengine.cli.options import Command, Decorated, cluster, directory, gathering, output
from ruleengine.cli.pipelines import completing

if TYPE_CHECKING:
    from ruleengine.app.clusters import ClusterChoice
    from ruleengine.app.pipelines.places import Place
    from ruleengine.model.values import Object
    from ruleengine.pipelines.verbs.retrying import Retry
    from ruleengine.pipelines.verbs.selecting import NodeSelector


MOST: Final = 2**31 - 1
"""The greatest number that every database takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a command works: the config repo, its cluster and a namespace; how it prints.

    ``seen`` are the live objects that it read.
    """

    namespace: str
    cluster: "ClusterChoice"
    directory: Path
    output: str = "text"
    seen: "list[Object]" = field(default_factory=list)

    def opened(self, *, drive: bool = False) -> AbstractContextManager["Place"]:
        """Open the config repo and connect to the cluster; raises as ``places.opened``."""
        from ruleengine.app.pipelines.places import opened

        return opened(self.directory, self.cluster, self.namespace, drive=drive, seen=self.seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a workflow that was begun is followed; ``drive`` is for a cluster that was named."""

    drive: bool
    wait: bool
    watch: bool
    log: bool

    @property
    def follows(self) -> bool:
        """Whether it is followed at all."""
        return self.wait or self.watch or self.log


class NamespaceType(click.ParamType[str]):
    """The name of a namespace; an empty one is none."""

    name = "namespace"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name, once a namespace can have it."""
        from ruleengine.apimachinery.naming import check_dns_label

        if value and check_dns_label(str(value)):
            known = "lower case letters, digits and dashes, 63 at most"
            self.fail(f"{value!r} is no name of a namespace: write {known}", param, ctx)
        return str(value)


_namespace = click.option(
    "-n",
    "--namespace",
    type=NamespaceType(),
    default="",
    show_default="that of pipelines",
    help="The namespace of the workflows.",
)


def printing(*formats: str) -> Callable[[Command], Command]:
    """Add what says where, and how to print where there are formats: ``where: Where``."""
    printed = (output(*formats),) if formats else ()
    options = gathering("where", _where, _namespace, *printed, cluster, directory)
    return lambda command: options(_blaming(command))


def _where(
    *, namespace: str, cluster: "ClusterChoice", directory: Path, output: str = "text"
) -> Where:
    return Where(namespace=namespace, cluster=cluster, directory=directory, output=output)


def _blaming(command: Command) -> Command:
    """Have a command name the live object of another shape that it stumbled over.

    Only then: to look at each object before would take longer than most commands do.
    """

    @wraps(command)
    def blaming(**given: Any) -> object:
        try:
            return command(**given)
        except (AttributeError, LookupError, TypeError, ValueError):
            from ruleengine.app.pipelines.finding import blame

            for one in given["where"].seen:
                blame(one)
            raise

    found: Command = blaming
    return found


placed = printing("text", "json", "yaml", "name", "wide")
"""Adds what says where, and how to print objects: ``where: Where``."""


def all_namespaces(command: Decorated) -> Decorated:
    """Add ``-A``: those of every namespace."""
    return click.option("-A", "--all-namespaces", is_flag=True, help="Those of every namespace.")(
        command
    )


def workflow(command: Decorated) -> Decorated:
    """Add the argument ``NAME`` of one workflow."""
    return click.argument("name", shell_complete=completing.workflows)(command)


def workflows(command: Decorated) -> Decorated:
    """Add the arguments ``NAME...`` of workflows."""
    return click.argument(
        "names", nargs=-1, required=True, metavar="NAME...", shell_complete=completing.workflows
    )(command)


def _selector(selector: str) -> "NodeSelector":
    from ruleengine.pipelines.verbs.selecting import parse_selector

    return parse_selector(selector)


node_field_selector = gathering(
    "selector",
    _selector,
    click.option(
        "--node-field-selector",
        "selector",
        default="",
        metavar="FIELD=VALUE,...",
        help="Only these nodes, by displayName, name, id, phase, templateName and others.",
    ),
)
"""Adds ``--node-field-selector``: ``selector: NodeSelector``."""


def memoized(command: Decorated) -> Decorated:
    """Add ``--memoized``."""
    return click.option(
        "--memoized", is_flag=True, help="Take over what succeeded, of one that failed."
    )(command)


follow_options = gathering(
    "manner",
    Manner,
    click.option(
        "--drive", is_flag=True, help="Drive it from here on a cluster that was named, too."
    ),
    click.option(
        "--wait/--no-wait",
        default=True,
        help="Wait for its end, or until it waits for a person.",
    ),
    click.option("--watch", is_flag=True, help="Follow it in a live tree, to its end."),
    click.option("--log", is_flag=True, help="Print the logs of its steps while it runs."),
)
"""Adds how to follow a workflow that was begun: ``manner: Manner``."""


class LabelSelectorType(click.ParamType[str]):
    """A selector of labels as Kubernetes writes it: ``team=shop,tier!=web``."""

    name = "selector"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text of a selector, once it can be read."""
        from ruleengine.apimachinery.selectors import SelectorError, parse_label_selector

        try:
            parse_label_selector(str(value))
        except SelectorError as error:
            self.fail(f"{value!r} selects no labels: {error}; write name=value", param, ctx)
        return str(value)


def label_selector(about: str) -> Callable[[Command], Command]:
    """Add ``-l``: ``selector``, a text."""
    return click.option("-l", "--selector", type=LabelSelectorType(), default="", help=about)


_PHASES: Final = ("Pending", "Running", "Succeeded", "Failed", "Error")


def _read_phases(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[str, ...]:
    """Return the phases that a text names. Raises ``UsageError`` for one that there is not."""
    del ctx, parameter
    found = tuple(one.strip() for one in text.split(",") if one.strip())
    unknown = [one for one in found if one not in _PHASES]
    if unknown:
        raise click.UsageError(f"there is no phase {unknown[0]!r}: choose {', '.join(_PHASES)}")
    return found


phases = click.option(
    "--status",
    "phases",
    default="",
    metavar="PHASE,...",
    callback=_read_phases,
    shell_complete=completing.words_of(_PHASES),
    help=f"Only {', '.join(_PHASES)}.",
)
"""Adds ``--status``: ``phases``, a tuple of texts."""


def declared_by_files(*words: str) -> dict[str, str]:
    """Return what is said to whoever looks for commands of Argo that files make needless."""
    how = "The files of pipelines/ declare what there is: change them, then `ruleengine apply`."
    return dict.fromkeys(words, how)


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """Return the pairs that ``NAME=VALUE`` texts mean. Raises ``UsageError``."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} {text!r}: write NAME=VALUE")
        found[name] = value
    return found


def _parameters(parameter: Sequence[str], parameter_file: str | None) -> Mapping[str, str]:
    """Return parameters of the command line over those of a file. Raises ``UsageError``."""
    given = pairs(parameter, "-p")
    if parameter_file is None:
        return given
    from ruleengine.formats import yaml_reader
    from ruleengine.pipelines.texts import as_text

    with click.open_file(parameter_file, "rb") as stream:
        parsed = yaml_reader.read(stream.read(), parameter_file)
    values = [one.value for one in parsed.documents]
    if parsed.findings or len(values) != 1 or not isinstance(values[0], dict):
        why = parsed.findings[0].message if parsed.findings else "it is no mapping"
        raise click.UsageError(f"{parameter_file} holds no parameters: {why}")
    return {**{str(name): as_text(value) for name, value in values[0].items()}, **given}


parameters = gathering(
    "parameters",
    _parameters,
    click.option(
        "-p",
        "--parameter",
        "parameter",
        multiple=True,
        metavar="NAME=VALUE",
        help="A parameter; as often as needed.",
    ),
    click.option(
        "-f",
        "--parameter-file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        default=None,
        help="A YAML or JSON file of parameters; -p wins over it.",
    ),
)
"""Adds ``-p NAME=VALUE`` and ``--parameter-file``: ``parameters: Mapping[str, str]``."""


def _retried(
    *, parameters: Mapping[str, str], restart_successful: bool, selector: "NodeSelector"
) -> "Retry":
    from ruleengine.pipelines.verbs.retrying import Retry

    return Retry(parameters=parameters, restart_successful=restart_successful, selector=selector)


retried = gathering(
    "asked",
    _retried,
    parameters,
    click.option(
        "--restart-successful",
        is_flag=True,
        help="Begin the nodes selected again, too, done or not.",
    ),
    node_field_selector,
)
"""Adds how a workflow goes on that is over: ``asked: Retry``."""
