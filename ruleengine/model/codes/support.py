"""Finding codes of the area ``support``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
