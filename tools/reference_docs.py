"""Makes the pages that are facts of the code: commands, finding codes and names.

``python -m tools.reference_docs`` writes them; ``--check`` only compares and fails on a
difference, so that a page never says what is no longer true.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from ruleengine.cli.main import root
from ruleengine.model.codes import AREAS, registry
from ruleengine.model.names import NAMES

DOCS = Path(__file__).resolve().parent.parent / "docs"
HEAD = "<!-- made by `make generate` from the code: edit the code, not this page -->\n"


def commands(group: click.Command, words: tuple[str, ...]) -> Iterator[str]:
    """Return a section per command: its help, exactly as the terminal shows it."""
    context = click.Context(
        group,
        info_name=" ".join(words),
        terminal_width=96,
        max_content_width=96,
        help_option_names=["-h", "--help"],
    )
    yield f"## {' '.join(words)}\n\n```text\n{group.get_help(context)}\n```\n"
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is not None and not command.hidden:
                yield from commands(command, (*words, name))


def commands_page() -> str:
    """Return the reference of every command."""
    intro = "# Commands\n\nExit codes are in [reference.md](reference.md).\n"
    return "\n".join([HEAD, intro, *commands(root, ("ruleengine",))])


def codes_page() -> str:
    """Return the table of finding codes, area by area."""
    lines = [HEAD, "# Finding codes\n"]
    for area in AREAS:
        codes = [code for name, code in sorted(registry().items()) if name.startswith(f"{area}-")]
        if codes:
            lines += [f"## {area}\n", "| code | what it tells | what to do |", "|---|---|---|"]
            lines += [f"| `{code.name}` | {code.title} | {code.remedy} |" for code in codes]
            lines.append("")
    return "\n".join(lines)


def names_page() -> str:
    """Return the table of labels, annotations, Secret types and field managers."""
    rows = [f"| `{name.name}` | {name.what} | {name.meaning} |" for name in NAMES]
    head = ["| name | what | meaning |", "|---|---|---|"]
    return "\n".join([HEAD, "# Names that we write\n", *head, *rows, ""])


PAGES = {"commands.md": commands_page, "codes.md": codes_page, "names.md": names_page}


def main() -> int:
    """Write the pages, or compare them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    stale = [name for name, make in PAGES.items() if _differs(DOCS / name, make())]
    for name in () if check else stale:
        (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
    for name in stale:
        print(f"docs/{name} {'is stale: run make generate' if check else 'written'}")
    return 1 if check and stale else 0


def _differs(path: Path, text: str) -> bool:
    return not path.is_file() or path.read_text(encoding="utf-8") != text


if __name__ == "__main__":
    sys.exit(main())
