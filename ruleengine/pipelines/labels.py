"""The labels by which workflows, and ConfigMaps for them, are selected: Argo's own."""

from typing import Final

PHASE_LABEL: Final = "workflows.argoproj.io/phase"
COMPLETED_LABEL: Final = "workflows.argoproj.io/completed"
ARCHIVING_LABEL: Final = "workflows.argoproj.io/workflow-archiving-status"
CRON_LABEL: Final = "workflows.argoproj.io/cron-workflow"
TEMPLATE_LABEL: Final = "workflows.argoproj.io/workflow-template"
CLUSTER_TEMPLATE_LABEL: Final = "workflows.argoproj.io/cluster-workflow-template"
RESUBMITTED_LABEL: Final = "workflows.argoproj.io/resubmitted-from-workflow"
CONFIG_MAP_TYPE: Final = "workflows.argoproj.io/configmap-type"
