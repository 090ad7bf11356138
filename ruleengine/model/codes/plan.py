"""Finding codes of the area ``plan``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
