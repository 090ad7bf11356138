"""Finding codes of the area ``rollout``: why a rollout is left alone."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "rollout-field-unsupported",
        "The Rollout uses a field that ruleengine does not honour yet",
        "Leave the field out, or hand the rollout over to Argo Rollouts.",
    ),
    Code(
        "rollout-field-invalid",
        "A field of the Rollout has a value that cannot be used",
        "Correct the field that the message names.",
    ),
)
