"""The entries: which rule, where it is kept, how it is broken, and which test holds it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from ruamel.yaml import YAML

PROJECT: Final = Path(__file__).resolve().parents[2]
TABLES: Final = Path(__file__).parent


class BrokenRule(NamedTuple):
    """One rule of the reference, and the break that takes it away."""

    section: str
    """Name of the file that lists it, as ``depends``."""
    reference: str
    rule: str
    file: str
    """Where the rule is kept, from the top of the project."""
    code: str
    """Stands exactly once in that file."""
    broken: str
    test: str
    """Id of the one test that has to fall."""

    def breaks(self, text: str) -> str:
        """Return the file's text with the rule broken; raise ValueError where it cannot be."""
        if (times := text.count(self.code)) != 1:
            message = f"{self.file} has {times} times: {self.code}"
            raise ValueError(message)
        return text.replace(self.code, self.broken)


def sections() -> list[str]:
    """Return the names of all sections that have a table."""
    return sorted(path.stem for path in TABLES.glob("*.yaml"))


def entries(names: Sequence[str]) -> list[BrokenRule]:
    """Return the entries of some sections, in the order of their files."""
    return [entry for name in names for entry in _entries(name)]


def _entries(name: str) -> list[BrokenRule]:
    table = YAML(typ="safe", pure=True).load((TABLES / f"{name}.yaml").read_text(encoding="utf-8"))
    return [BrokenRule(name, table["reference"], **entry) for entry in table["rules"]]
