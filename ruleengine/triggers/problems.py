"""Why an object of this area is left alone, and the fields that are not honoured."""

from collections.abc import Iterator

from ruleengine.apimachinery.support import unhonoured
from ruleengine.model.problems import Problem
from ruleengine.model.values import Object, format_path

UNSUPPORTED = "trigger-field-unsupported"
INVALID = "trigger-field-invalid"


class WrongError(Exception):
    """A value that cannot be used, carrying its problem."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code=INVALID, message=message)


def unsupported(kind: str, spec: Object) -> Iterator[Problem]:
    """Yield a problem for every field of a spec that has a value and is not honoured."""
    for path in unhonoured(kind, spec):
        message = f"{format_path(path)} is not honoured yet"
        yield Problem(code=UNSUPPORTED, message=message)
