"""Finding codes of the area ``identity``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "identity-object-duplicate",
        "Two documents declare the same object",
        "Rename one of them, give it another namespace, or remove it.",
    ),
    Code(
        "identity-name-missing",
        "A document declares an object without a name",
        "Set metadata.name, or metadata.generateName for a Workflow that runs once per change.",
    ),
)
