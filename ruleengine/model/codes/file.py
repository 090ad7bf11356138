"""Finding codes of the area ``file``."""

from ruleengine.model.codes import Code

CODES: tuple[Code, ...] = ()
