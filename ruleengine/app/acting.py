"""Who acts on workflows, and who performs what they ask for: all that running one needs."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ruleengine.apimachinery.selectors import parse_label_selector
from ruleengine.app.archiving import make_archiving, make_last_runs
from ruleengine.app.clusters import Connected
from ruleengine.app.database_locks import database_locks
from ruleengine.app.entrypoints import make_entrypoints
from ruleengine.app.metrics import metrics
from ruleengine.app.pod_turns import PodTurns
from ruleengine.model.artifact_places import DIRECTORY
from ruleengine.model.configuration import Configuration
from ruleengine.model.errors import UsageError
from ruleengine.model.values import Object
from ruleengine.pipelines import entrypoints
from ruleengine.pipelines.archiving import ARCHIVE, ArchivePolicy
from ruleengine.pipelines.estimating import LAST_RUN
from ruleengine.pipelines.executing import UNPRIVILEGED
from ruleengine.pipelines.pod_turns import POD_TURN
from ruleengine.pipelines.reconciler import WorkflowReconciler
from ruleengine.pipelines.repositories import Around
from ruleengine.reconcile.asking import Performer
from ruleengine.reconcile.leases import AreaLease
from ruleengine.reconcile.standing import News, StandingPerformer
from ruleengine.validation.workflow_starts import invalidity

_EXPRESSIONS: Final = "EXPRESSION_TEMPLATES"
"""The variable by which Argo's controller is told to leave expressions in tags as they are."""

_TRANSIENT: Final = "TRANSIENT_ERROR_PATTERN"
"""The variable in which Argo's controller, too, is told which errors go away by themselves."""


def workflow_reconciler(configuration: Configuration, *, local: bool) -> WorkflowReconciler:
    """Return who decides about workflows.

    Raises ``UsageError`` where variables of the surroundings ask for what cannot be had.
    """
    around = _around(configuration, local=local)
    return WorkflowReconciler(around, archive_policy(configuration), invalidity)


def workflow_performers(
    configuration: Configuration, cluster: Connected, state: Path
) -> Mapping[str, Performer]:
    """Return who performs what workflows ask for, by kind of request.

    ``state`` is the folder for what is kept between runs.
    """
    return {
        entrypoints.REQUEST: make_entrypoints(configuration, local=cluster.local),
        ARCHIVE: make_archiving(configuration, cluster, state),
        LAST_RUN: make_last_runs(configuration, cluster, state),
    }


@contextmanager
def workflow_standing(
    configuration: Configuration,
    cluster: Connected,
    state: Path,
    news: News,
    leases: Mapping[str, AreaLease],
    *,
    metrics_port: int | None = None,
) -> Iterator[Mapping[str, StandingPerformer]]:
    """Offer who performs what workflows ask for as long as they do, for the time of a run.

    ``leases`` are those that the run may hold, by area. With a ``metrics_port`` what they tell is
    served there. Raises ``UsageError`` if it is taken.
    """
    lease = leases.get(WorkflowReconciler.area)
    turns = PodTurns(lambda: datetime.now(UTC), news)
    with (
        database_locks(configuration, cluster, state, news, lease) as locks,
        metrics(cluster, state, metrics_port) as telling,
    ):
        yield {**locks, **telling, POD_TURN: turns}


def archive_policy(configuration: Configuration) -> ArchivePolicy | None:
    """Return which workflows are archived; ``None``: none is."""
    settings = configuration.archive
    if settings is None:
        return None
    return ArchivePolicy(selector=parse_label_selector(settings.selector))


def _around(configuration: Configuration, *, local: bool) -> Around:
    """Return where artifacts go by default, how our own containers run, if there is an archive.

    On the local control plane that is a directory, and this very package in its sandbox.
    """
    _require_expressions()
    directory: Object | None = {"plugin": {"name": DIRECTORY}} if local else None
    default = configuration.artifact_repository or directory
    return Around(
        control_namespace=configuration.control_namespace,
        default=default,
        executor={} if local else {**UNPRIVILEGED, **configuration.executor},
        archived=configuration.archive is not None,
        transient=_transient(),
    )


def _require_expressions() -> None:
    """Refuse to run where somebody counts on expressions in tags staying text."""
    if os.environ.get(_EXPRESSIONS) == "false":
        raise UsageError(
            f"{_EXPRESSIONS}=false is not supported: an expression in a tag is always evaluated",
            f"unset {_EXPRESSIONS}",
        )


def _transient() -> str:
    pattern = os.environ.get(_TRANSIENT, "")
    if pattern:
        from ruleengine.expressions import regular  # late: few have one
        from ruleengine.expressions.language import ExpressionError

        try:
            regular.compile(pattern)
        except ExpressionError as error:
            raise UsageError(
                f"the variable {_TRANSIENT} is no regular expression: {error.message}",
                "correct it, or unset it",
            ) from error
    return pattern
