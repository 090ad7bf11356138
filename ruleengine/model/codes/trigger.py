"""Finding codes of the area ``trigger``: why events are not received, or start nothing."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "trigger-field-unsupported",
        "The document uses a field that ruleengine does not honour yet",
        "Leave the field out, or hand the document over to Argo Events.",
    ),
    Code(
        "trigger-field-invalid",
        "A field of the document has a value that cannot be used",
        "Correct the field that the message names.",
    ),
)
