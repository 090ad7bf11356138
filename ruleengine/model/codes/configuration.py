"""Finding codes of the area ``configuration``: the files that say how others are read."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "configuration-field-unknown",
        "ruleengine.yaml has a setting that does not exist",
        "Correct its name or remove it.",
    ),
    Code(
        "configuration-value-invalid",
        "A setting of ruleengine.yaml has a value that cannot be used",
        "Write a value of the type that the message names; until then the default is in force.",
    ),
    Code(
        "configuration-file-mistaken",
        "ruleengine.yaml is a folder, so there are no settings",
        "Put a file in its place, or rename the folder.",
    ),
    Code(
        "configuration-defaults-unused",
        "A _defaults.yaml names a kind that no short form becomes",
        "Correct the kind, or leave it where a rule of your own looks for it.",
    ),
    Code(
        "configuration-defaults-invalid",
        "A _defaults.yaml is not keyed by kind",
        "Write kinds as keys, each with a mapping below it.",
    ),
)
