"""What is wrong with the objects that the rules made of a document, in one call."""

from collections.abc import Sequence

from ruleengine.model.documents import Derived
from ruleengine.model.findings import Finding
from ruleengine.validation.naming import check_names


def check_derived(derived: Sequence[Derived]) -> list[Finding]:
    """Return what is wrong with derived objects on their own."""
    return [*check_names(derived)]
