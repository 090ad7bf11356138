"""``plan``: what an apply would do now, or what lies between two revisions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ruleengine.apimachinery.kinds import KindTable, argo_kinds
from ruleengine.app.acting import workflow_performers, workflow_reconciler
from ruleengine.app.checking import check
from ruleengine.app.clusters import ClusterChoice, Connected, connected, state_folder
from ruleengine.app.declaring import Declared, declare
from ruleengine.app.inspecting import Simulated, count_simulated
from ruleengine.app.packing import make_packing
from ruleengine.app.rendering import make_render
from ruleengine.app.workspace import Workspace, config_repo
from ruleengine.environments.merging import make_merge
from ruleengine.environments.reconciler import ApplicationReconciler
from ruleengine.model.actions import Plan
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.decisions import Reconciler
from ruleengine.model.findings import Finding, Severity, has_errors
from ruleengine.pipelines.cron_reconciler import CronWorkflowReconciler
from ruleengine.reconcile.inventory import Inventory
from ruleengine.reconcile.planning import Intent, make_plan
from ruleengine.reconcile.records import InventoryStore
from ruleengine.reconcile.shapes import Shapes
from ruleengine.reconcile.surroundings import Surroundings
from ruleengine.rollouts.reconciler import RolloutReconciler
from ruleengine.triggers.buses import EventBusReconciler
from ruleengine.triggers.sensor_reconciler import SensorReconciler
from ruleengine.triggers.source_reconciler import EventSourceReconciler


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement:
    """A config repo brought together with a cluster: everything that a plan needs.

    ``state`` is the folder for what is kept between runs.
    """

    workspace: Workspace
    declared: Declared
    cluster: Connected
    state: Path
    surroundings: Surroundings
    store: InventoryStore
    inventory: Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, or the findings for which there is none.

    ``pods`` tells how many pods are simulated now; absent where a cluster runs all of them, and
    without one.
    """

    plan: Plan | None
    findings: tuple[Finding, ...] = ()
    pods: Simulated | None = None


@contextmanager
def engaged(directory: Path, choice: ClusterChoice) -> Iterator[Engagement]:
    """Read the config repo and connect to its cluster for the time of a command.

    Raises ``UsageError`` where there is no config repo, ``UnreachableError`` for the cluster.
    """
    workspace = config_repo(directory)
    declared = declare(workspace)
    with connected(choice, declared.configuration, workspace) as cluster:
        yield engage(workspace, declared, cluster, state_folder(choice, workspace))


def engage(workspace: Workspace, declared: Declared, cluster: Connected, state: Path) -> Engagement:
    """Return what a plan needs; other repositories are kept below the folder ``state``."""
    client = cluster.client
    shapes = Shapes(client)
    surroundings = Surroundings(
        client=client,
        shapes=shapes,
        reconcilers=make_reconcilers(declared.configuration, cluster, shapes),
        performers={
            "render": make_render(workspace, declared, state / "clones"),
            **workflow_performers(declared.configuration, cluster, state),
        },
        packing=make_packing(declared.configuration, cluster, state),
        control_namespace=declared.configuration.control_namespace,
        shared=not cluster.local,
    )
    store = InventoryStore(client, declared.repo, declared.configuration.control_namespace)
    return Engagement(
        workspace=workspace,
        declared=declared,
        cluster=cluster,
        state=state,
        surroundings=surroundings,
        store=store,
        inventory=store.read(),
    )


def make_reconcilers(
    configuration: Configuration, cluster: Connected, shapes: Shapes
) -> tuple[Reconciler, ...]:
    """Return who acts on the documents: nobody of ours where Argo's controllers do."""
    if configuration.engine is Engine.HANDOVER:
        return ()
    kinds = KindTable.built_in().with_kinds((*argo_kinds(), *cluster.client.discover().resources()))
    merge = make_merge(shapes)
    return (
        ApplicationReconciler(kinds, merge, configuration.control_namespace, configuration.repo),
        RolloutReconciler(),
        workflow_reconciler(configuration, local=cluster.local),
        CronWorkflowReconciler(),
        EventBusReconciler(),
        EventSourceReconciler(),
        SensorReconciler(configuration.control_namespace),
    )


def plan_now(engagement: Engagement, now: datetime, *, floor: bool = True) -> Plan:
    """Return the plan of a config repo for its cluster. Reads only."""
    declared = engagement.declared
    revision = declared.tree.revision + ("-dirty" if declared.tree.dirty else "")
    intent = Intent(
        inventory=engagement.inventory,
        configuration=declared.configuration,
        revision=revision,
        floor=floor,
    )
    made = make_plan(declared.actions, engagement.surroundings, intent, now)
    return _handed_over(made) if declared.configuration.engine is Engine.HANDOVER else made


def _handed_over(made: Plan) -> Plan:
    """Return a plan whose documents Argo's controllers act on, once they are installed."""
    findings = tuple(
        replace(
            one,
            severity=Severity.WARNING,
            remedy="install Argo's custom resource definitions and its controllers on the "
            "cluster, then apply again; or use engine native",
        )
        if one.code == "plan-kind-unknown"
        else one
        for one in made.findings
    )
    return replace(made, findings=findings, recorded=())


def plan(directory: Path, choice: ClusterChoice, now: datetime) -> Planned:
    """Check a config repo and return its plan, or the findings that forbid one."""
    findings = check(directory)
    if has_errors(findings):
        return Planned(plan=None, findings=findings)
    with engaged(directory, choice) as engagement:
        pods = count_simulated(engagement.cluster)
        return Planned(plan=plan_now(engagement, now), findings=findings, pods=pods)
