"""Finding codes of the area ``plan``: what stands in the way of a plan."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "plan-kind-unknown",
        "The API server does not know the kind of an object",
        "Install what brings the kind, or correct apiVersion and kind.",
    ),
    Code(
        "plan-kind-unreadable",
        "Objects of a kind may not be listed or watched by whoever drives",
        "Grant list and watch on it in all namespaces and start again.",
    ),
    Code(
        "plan-server-lost",
        "The API server stopped answering, and `ruleengine run` waits for it",
        "See that the server of the kubeconfig runs; the run goes on once it answers.",
    ),
    Code(
        "plan-credentials-refused",
        "The API server refuses the credentials (401); what was begun goes on trying",
        "Renew them in the kubeconfig, which is read anew, or log in again and start anew.",
    ),
    Code(
        "plan-prune-refused",
        "So much would be pruned that it looks like a mistake",
        "Check that the folder is whole; if it is meant, apply with --allow-prune.",
    ),
    Code(
        "plan-prune-disowned",
        "An object that we remember as ours no longer says so, and is left alone",
        "Delete it by hand if it is not needed.",
    ),
    Code(
        "plan-run-changed",
        "A Workflow is declared differently from what was run under its name",
        "Use generateName, give it another name, or resubmit it.",
    ),
    Code(
        "plan-decision-failed",
        "A reconciler failed on one object; everything else goes on",
        "Report it with the object; this is a fault of ruleengine.",
    ),
    Code(
        "plan-decision-endless",
        "The decisions about one object do not come to rest",
        "See who else writes what the finding names; where nobody does, report it with the object: "
        "this is a fault of ruleengine.",
    ),
    Code(
        "plan-request-unknown",
        "A reconciler asks for something that nobody here performs",
        "Run with a version of ruleengine that does.",
    ),
    Code(
        "plan-effect-unrecorded",
        "An effect cannot be recorded as intended, and so is not performed",
        "Look at the message; the control namespace has to be writable.",
    ),
)
