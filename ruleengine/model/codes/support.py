"""Finding codes of the area ``support``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "support-field-recorded",
        "A field is kept and applied, and no reconciler of ours acts on it yet",
        "Leave it out, use engine handover, or wait for the release that honours it.",
    ),
)
