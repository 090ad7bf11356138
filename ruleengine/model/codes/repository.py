"""Finding codes of the area ``repository``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
