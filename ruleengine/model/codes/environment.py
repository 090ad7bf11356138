"""Finding codes of the area ``environment``: why an application is not what it should be."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "environment-field-unsupported",
        "The Application uses a field that ruleengine does not honour yet",
        "Leave the field out, or hand the application over to Argo CD.",
    ),
    Code(
        "environment-field-invalid",
        "A field of the Application has a value that cannot be used",
        "Correct the field that the message names.",
    ),
    Code(
        "environment-option-ignored",
        "A sync option has no effect here",
        "Remove the option; the message says why it does nothing.",
    ),
    Code(
        "environment-cluster-unknown",
        "The destination names a cluster that is not known",
        "Use the cluster the command works on: leave out server and name, or name it in-cluster.",
    ),
    Code(
        "environment-namespace-missing",
        "A namespaced object has no namespace and the destination gives none",
        "Set destination.namespace, or metadata.namespace of the object.",
    ),
    Code(
        "environment-project-missing",
        "The project of the Application does not exist",
        "Declare an AppProject of that name, or leave spec.project out to use 'default'.",
    ),
    Code(
        "environment-project-denied",
        "The project does not permit what the Application asks for",
        "Widen the AppProject, or use what it permits.",
    ),
    Code(
        "environment-source-failed",
        "The source of the Application cannot be rendered",
        "Correct what the message names; nothing is applied or pruned until then.",
    ),
    Code(
        "environment-source-doubtful",
        "The source of the Application renders, but something in it looks wrong",
        "Look at what the message names.",
    ),
    Code(
        "environment-object-repeated",
        "One source declares the same object more than once; the last one counts",
        "Keep one of them.",
    ),
    Code(
        "environment-object-shared",
        "Another application already manages an object that this one declares",
        "Declare the object in one application only.",
    ),
    Code(
        "environment-prune-refused",
        "A sync would prune so much that it looks like a mistake",
        "Check that the source is whole; then set syncPolicy.automated.allowEmpty, or sync by hand "
        "with prune.",
    ),
    Code(
        "environment-sync-failed",
        "The last sync of this revision failed and is not tried again by itself",
        "Commit a correction, or start a sync by hand.",
    ),
    Code(
        "environment-hook-unsupported",
        "A hook runs in a phase that ruleengine does not honour yet",
        "Remove the hook, or hand the application over to Argo CD.",
    ),
)
