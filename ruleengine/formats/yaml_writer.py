"""Writes plain data as YAML that people read and that every YAML reader takes alike.

A text that some reader could take for another type (``on``, ``1e3``, ``2026-01-02``) is
quoted; a text of several lines becomes a block.
"""

from typing import Any

import yaml

from ruleengine.formats.yaml_types import MERGE, plain_value
from ruleengine.model.values import Value


class _Dumper(yaml.CSafeDumper):
    """PyYAML's C emitter without anchors and with our rule for quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of PyYAML
        """Never write anchors: what is shared in memory is repeated in the text."""
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text and _fits_block(text):
        style = "|"
    elif "\n" in text:
        style = '"'
    elif _is_ambiguous(text):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_ambiguous(text: str) -> bool:
    if text == MERGE:
        return True
    try:
        return plain_value(text) is not text and plain_value(text) != text
    except ValueError:
        return True


def _fits_block(text: str) -> bool:
    """Tell whether a block shows the text as it is: printable, no spaces at the edges."""
    lines = text.split("\n")
    return (
        not lines[0].startswith(" ")
        and lines[0] != ""
        and all(line.isprintable() and not line.endswith(" ") for line in lines)
    )


_Dumper.add_representer(str, _represent_text)


def write(value: Value) -> str:
    """Return a value as one YAML document, in the order of its keys.

    Reading the result gives an equal value. Raises ``TypeError`` for what is no plain data.
    """
    try:
        return yaml.dump(
            value,
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=False,
            width=2**30,
        )
    except yaml.representer.RepresenterError as error:
        raise TypeError(f"no plain data: {error}") from error
