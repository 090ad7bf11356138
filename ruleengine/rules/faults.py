"""What goes wrong while an expression is read or evaluated."""

from __future__ import annotations

from ruleengine.model.values import Path


class ExpressionFault(Exception):  # noqa: N818 - wrong user data, turned into a finding
    """A text that is no expression of ours, or an expression that has no value."""


class UndefinedFault(ExpressionFault):
    """A value that is not there was used."""


class SandboxFault(ExpressionFault):
    """Something was asked for that rules do not offer, or that would grow without bound."""


class TemplateFault(Exception):  # noqa: N818 - wrong user data, turned into a finding
    """A template that cannot be compiled or evaluated.

    ``path`` is where it stands in its rule, ``text`` its source; ``undefined`` tells that
    the fault is a field that is not there.
    """

    def __init__(self, message: str, path: Path, text: str, *, undefined: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.text = text
        self.undefined = undefined
