"""Problems: why a rollout is left alone, on the way into its condition ``InvalidSpec``."""

from dataclasses import dataclass

from ruleengine.model.codes import registry

UNSUPPORTED = "rollout-field-unsupported"
INVALID = "rollout-field-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something of a spec that is wrong or not honoured: our finding code, and what it is."""

    code: str
    message: str

    @property
    def text(self) -> str:
        """The whole message: what is wrong, what to do about it, and the code."""
        return f"{self.message}; {registry()[self.code].remedy} [{self.code}]"


def invalid(field: str, what: str) -> Problem:
    """Return the problem of a field with a value that cannot be used."""
    return Problem(code=INVALID, message=f"{field} {what}")


def unsupported(field: str) -> Problem:
    """Return the problem of a field that is not honoured."""
    return Problem(code=UNSUPPORTED, message=f"{field} is not honoured yet")
