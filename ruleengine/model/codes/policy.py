"""Finding codes of the area ``policy``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
