"""Makes every generated file of the project: ``python tools/generate.py [--check]``.

With ``--check`` nothing is written: what would be generated is compared with what is there, and
the exit code is 1 where they differ.
"""

import argparse
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from tools import expressions  # noqa: E402 - the path of the project comes first
from tools.schemas import files, support  # noqa: E402 - the path of the project comes first

OWNED = ("*/definitions.json", "crds/*.yaml")
"""Generated files that nothing else would name: a left-over one is removed."""


def wanted(project: Path) -> dict[Path, str]:
    """Return the text of every generated file by its path."""
    schemas = project / "schemas"
    texts = {schemas / path: text for path, text in files.generate(schemas).items()}
    texts.update(support.tables(project))
    texts.update(expressions.trees(project))
    return texts


def leftovers(project: Path, texts: dict[Path, str]) -> list[Path]:
    """Return generated files that are no longer made."""
    schemas = project / "schemas"
    return [path for glob in OWNED for path in sorted(schemas.glob(glob)) if path not in texts]


def differing(project: Path) -> list[Path]:
    """Return the generated files that are not what they would be if they were made now."""
    texts = wanted(project)
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text() != text]
    return stale + leftovers(project, texts)


def write(project: Path) -> int:
    """Write what differs; return how many files changed."""
    texts = wanted(project)
    changed = 0
    for path, text in texts.items():
        if not path.is_file() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            changed += 1
    for path in leftovers(project, texts):
        path.unlink()
        changed += 1
    return changed


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if not parser.parse_args().check:
        print(f"{write(PROJECT)} generated files changed")
        return 0
    stale = differing(PROJECT)
    for path in stale:
        print(f"{path.relative_to(PROJECT)} is not up to date: run `make generate`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
