"""Finding codes of the area ``support``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "support-field-unsupported",
        "A field is kept and applied, and no reconciler of ours acts on it yet",
        "Leave it out, use engine handover, or wait for the release that honours it.",
    ),
    Code(
        "support-kind-recorded",
        "A document is kept and applied, and no reconciler of ours acts on its kind yet",
        "Use engine handover where Argo's controllers run, or wait for the release that acts.",
    ),
)
