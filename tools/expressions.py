"""Makes ``rules/expressions.json``: what Jinja reads in the expressions of the built-in rules."""

import json
from pathlib import Path

from ruleengine.model.configuration import Engine
from ruleengine.rules import grammar
from ruleengine.rules.loading import load_sources
from ruleengine.rules.parsing import parts_of
from ruleengine.rules.templates import expressions_in


def trees(project: Path) -> dict[Path, str]:
    """Return the text of the file, one line for each expression."""
    texts = {
        expression.text
        for engine in Engine
        for rule in load_sources([], engine).rules.rules
        for part in parts_of(rule)
        for expression in expressions_in(part)
    }
    lines = [
        f"{json.dumps(text)}: {json.dumps(grammar.parse(text), separators=(',', ':'))}"
        for text in sorted(texts)
    ]
    return {project / "rules" / grammar.KNOWN: "{\n" + ",\n".join(lines) + "\n}\n"}
