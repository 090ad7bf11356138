"""Finding codes of the area ``environment``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
