"""Why a rollout is left alone, on the way into its condition ``InvalidSpec``."""

from ruleengine.model.problems import Problem

UNSUPPORTED = "rollout-field-unsupported"
INVALID = "rollout-field-invalid"


def invalid(field: str, what: str) -> Problem:
    """Return the problem of a field with a value that cannot be used."""
    return Problem(code=INVALID, message=f"{field} {what}")


def unsupported(field: str) -> Problem:
    """Return the problem of a field that is not honoured."""
    return Problem(code=UNSUPPORTED, message=f"{field} is not honoured yet")
