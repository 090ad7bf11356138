"""Finding codes of the area ``plan``: what stands in the way of a plan."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "plan-kind-unknown",
        "The API server does not know the kind of an object",
        "install what brings the kind, or correct apiVersion and kind",
    ),
    Code(
        "plan-prune-refused",
        "So much would be pruned that it looks like a mistake",
        "check that the folder is whole; if it is meant, switch the floor under prune off",
    ),
    Code(
        "plan-prune-disowned",
        "An object that we remember as ours no longer says so, and is left alone",
        "delete it by hand if it is not needed",
    ),
    Code(
        "plan-decision-failed",
        "A reconciler failed on one object; everything else goes on",
        "report it with the object; this is a fault of ruleengine",
    ),
    Code(
        "plan-decision-endless",
        "The decisions about one object do not come to rest",
        "report it with the object; this is a fault of ruleengine",
    ),
    Code(
        "plan-cluster-unknown",
        "An object is meant for a cluster that is not connected",
        "name the cluster in ruleengine.yaml, or correct the destination",
    ),
)
