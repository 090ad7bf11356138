"""Finding codes of the area ``reference``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
