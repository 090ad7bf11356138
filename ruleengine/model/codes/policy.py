"""Finding codes of the area ``policy``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "policy-requirement-unmet",
        "A document breaks a policy of the team",
        "Change what the policy asks for; the finding names the rule and its line.",
    ),
    Code(
        "policy-waiver-expired",
        "A waiver in ruleengine.yaml has run out",
        "Mend what it waived, or give it a new end and a reason that still holds.",
    ),
)
