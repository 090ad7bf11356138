"""Problems: why a reconciler leaves an object alone, on the way into its status."""

from dataclasses import dataclass

from ruleengine.model.codes import registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something of a spec that is wrong or not honoured: our finding code, and what it is."""

    code: str
    message: str

    @property
    def text(self) -> str:
        """The whole message: what is wrong, what to do about it, and the code."""
        return f"{self.message}; {registry()[self.code].remedy} [{self.code}]"
