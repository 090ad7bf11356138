"""Finding codes of the area ``identity``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
