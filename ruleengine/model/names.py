"""Every label, annotation, finalizer, Secret type and field manager that we write.

``docs/names.md`` is made from :data:`NAMES`; nothing else in the code spells one of
these out (a test looks).
"""

from typing import Final, NamedTuple

DOMAIN: Final = "ruleengine.dev"
API_VERSION: Final = f"{DOMAIN}/v1"
ARGO_API_VERSION: Final = "argoproj.io/v1alpha1"

CONTROL_NAMESPACE: Final = "ruleengine"
HANDOVER_NAMESPACE: Final = "argocd"

MANAGER: Final = "ruleengine"
ENVIRONMENTS_MANAGER: Final = "ruleengine-environments"
ROLLOUTS_MANAGER: Final = "ruleengine-rollouts"
PIPELINES_MANAGER: Final = "ruleengine-pipelines"
COMMANDS_MANAGER: Final = "ruleengine-commands"
STEP_MANAGER: Final = "ruleengine-step"
TRIGGERS_MANAGER: Final = "ruleengine-triggers"
LEASE_MANAGER: Final = f"lease.{DOMAIN}"
LEASE_API_VERSION: Final = "coordination.k8s.io/v1"

OWNER: Final = f"{DOMAIN}/owner"
ENGINE: Final = f"{DOMAIN}/engine"
ORIGIN: Final = f"{DOMAIN}/origin"
CONSIDERED: Final = f"{DOMAIN}/considered-time"
RETRIES: Final = f"{DOMAIN}/retries"
REPORTS: Final = f"{DOMAIN}/reports"
PAUSED: Final = f"{DOMAIN}/paused"
STARTED_BY: Final = f"{DOMAIN}/started-by"
INVENTORY_TYPE: Final = f"{DOMAIN}/inventory"
RECORD_TYPE: Final = f"{DOMAIN}/record"
SIMULATED: Final = f"local.{DOMAIN}/simulated"
RUN: Final = f"local.{DOMAIN}/run"
PORTS: Final = f"local.{DOMAIN}/ports"
FAULT: Final = f"local.{DOMAIN}/fault"
STATE: Final = f"local.{DOMAIN}/state"
PROVISIONER: Final = f"directories.local.{DOMAIN}"
ARTIFACT_CLAIM: Final = "ruleengine-artifacts"

ARGO_TRACKING: Final = "argocd.argoproj.io/tracking-id"
ARGO_HOOK: Final = "argocd.argoproj.io/hook"
HELM_HOOK: Final = "helm.sh/hook"
ARGO_CLUSTER: Final = "in-cluster"
ARGO_CLUSTER_SERVER: Final = "https://kubernetes.default.svc"
"""How a destination names the cluster that the command works on, where it names one."""

ARGO_SKIP: Final = "argocd.argoproj.io/skip-reconcile"
ARGO_WORKFLOWS_INSTANCE: Final = "workflows.argoproj.io/controller-instanceid"
ARGO_ROLLOUTS_INSTANCE: Final = "argo-rollouts.argoproj.io/controller-instance-id"
ARGO_WORKFLOW: Final = "workflows.argoproj.io/workflow"
ARGO_TRIGGER_SENSOR: Final = "events.argoproj.io/sensor"
ARGO_TRIGGER_TRIGGER: Final = "events.argoproj.io/trigger"
ARGO_TRIGGER_TIME: Final = "events.argoproj.io/action-timestamp"
ARGO_ANALYSIS_RUN: Final = "analysisrun.argoproj.io/uid"

ENGINE_IMAGE: Final = "ruleengine"
"""The image of the containers that run this package, without registry and tag."""


class Name(NamedTuple):
    """One name that we write on objects: what it is, where it stands, what it means."""

    name: str
    what: str
    meaning: str


NAMES: Final = (
    Name(MANAGER, "field manager", "what the config repo declares"),
    Name(ENVIRONMENTS_MANAGER, "field manager", "what the environments reconciler declares"),
    Name(ROLLOUTS_MANAGER, "field manager", "what the rollouts reconciler declares"),
    Name(PIPELINES_MANAGER, "field manager", "what the pipelines reconciler declares"),
    Name(COMMANDS_MANAGER, "field manager", "what a person asked for with a command"),
    Name(STEP_MANAGER, "field manager", "what a step in its pod reports, or does by its template"),
    Name(TRIGGERS_MANAGER, "field manager", "what the triggers reconcilers declare"),
    Name(LEASE_MANAGER, "field manager", "who drives an area; does not count as a write of ours"),
    Name(OWNER, "annotation", "the repo and folder that own an object; prune needs it to agree"),
    Name(ENGINE, "label", "`native`: ruleengine's own reconcilers act on the object"),
    Name(ORIGIN, "annotation", "the file, line and rule that an object was made from"),
    Name(CONSIDERED, "annotation", "the last scheduled time that a CronWorkflow passed over"),
    Name(
        RETRIES,
        "annotation",
        "how often a workflow was retried; on a pod, in which retry it was made",
    ),
    Name(REPORTS, "annotation", "`true`: a pod whose own container reports what its step made"),
    Name(PAUSED, "annotation", "`true`: its reconciler leaves an application alone"),
    Name(STARTED_BY, "annotation", "the events that a sensor created an object for, by dependency"),
    Name(INVENTORY_TYPE, "Secret type", "a shard of the inventory of what we own"),
    Name(RECORD_TYPE, "Secret type", "what a decision remembers beyond an object's life"),
    Name(SIMULATED, "annotation", "`true`: the local node simulates the pod and runs nothing"),
    Name(RUN, "annotation", "`process`: the local node runs the pod as a sandboxed process"),
    Name(
        PORTS,
        "annotation",
        "ports at which no other pod of the local node listens meanwhile: it waits for its turn",
    ),
    Name(
        FAULT,
        "annotation",
        "the fault that the local node simulates for a pod; `lost` on the node itself",
    ),
    Name(STATE, "label", "which local control plane a container of the container engine is of"),
    Name(PROVISIONER, "provisioner", "claims get directories of the local control plane"),
    Name(
        ARTIFACT_CLAIM,
        "PersistentVolumeClaim",
        "the artifacts of a namespace, where no repository is configured",
    ),
    Name(ARGO_TRACKING, "annotation", "Argo CD's own: the application that manages an object"),
    Name(ARGO_SKIP, "annotation", "Argo CD's own: its controller leaves our applications alone"),
    Name(ARGO_WORKFLOWS_INSTANCE, "label", "Argo Workflows' own: its controller leaves ours alone"),
    Name(ARGO_TRIGGER_SENSOR, "label", "Argo Events' own: the sensor that created an object"),
    Name(ARGO_TRIGGER_TRIGGER, "label", "Argo Events' own: the trigger that created an object"),
    Name(ARGO_TRIGGER_TIME, "label", "Argo Events' own: when that was, in milliseconds"),
    Name(ARGO_ROLLOUTS_INSTANCE, "label", "Argo Rollouts' own: its controller leaves ours alone"),
)
