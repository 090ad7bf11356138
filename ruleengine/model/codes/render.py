"""Finding codes of the area ``render``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
