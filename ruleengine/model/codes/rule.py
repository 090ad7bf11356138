"""Finding codes of the area ``rule``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
