"""Finding codes of the area ``identity``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "identity-object-duplicate",
        "Two documents declare the same object",
        "Rename one of them, give it another namespace, or remove it.",
    ),
    Code(
        "identity-object-shared",
        "Two applications declare the same object, and each sync takes it from the other",
        "Declare the object in one application only, or give each a namespace of its own.",
    ),
    Code(
        "identity-name-invalid",
        "Kubernetes refuses the name or namespace of an object",
        "Use lower case letters, digits and dashes; a name made of a path changes with the path.",
    ),
)
