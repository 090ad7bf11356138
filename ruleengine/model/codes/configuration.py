"""Finding codes of the area ``configuration``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
