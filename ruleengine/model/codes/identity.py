"""Finding codes of the area ``identity``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "identity-object-duplicate",
        "Two documents declare the same object",
        "Rename one of them, give it another namespace, or remove it.",
    ),
)
