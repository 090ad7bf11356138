"""Finding codes of the area ``schema``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
