"""Tags: ``{{name}}`` and ``{{=expression}}`` in texts and whole objects, as Workflows has them.

:func:`replace` and :func:`find` take any value of a document; :func:`compile` one text. A
:class:`Scope` holds the names, a :class:`Policy` says which must be known: ``LENIENT`` in the
passes over workflow and template, strict prefixes such as ``steps`` and ``tasks`` when the
arguments of a step or task are bound, ``STRICT`` once items are expanded (reference, workflows
section 5). ``{{ =x}}`` is no expression but a name that begins with an equals sign.

Values are inserted as they are. Argo writes them as Go literals into JSON, which fails for
characters such as U+0007; that is mended here.
"""

from ruleengine.expressions.tags.objects import find, replace
from ruleengine.expressions.tags.scope import LENIENT, STRICT, Policy, Scope
from ruleengine.expressions.tags.template import (
    Tag,
    Template,
    compile,  # noqa: A004 - the shared shape
)

__all__ = [
    "LENIENT",
    "STRICT",
    "Policy",
    "Scope",
    "Tag",
    "Template",
    "compile",
    "find",
    "replace",
]
