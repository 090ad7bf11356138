"""Checks that the docs say what is: pages are current, links lead somewhere, named tests ran.

Commands that a page shows have words and options that there are; files that it shows, each
headed by its path, are those of a config repo without errors.

A table in ``docs/support/`` names the test that proves each honoured field. Where
``build/tests.xml`` holds the result of a run, each of them must be in it as passed.
"""

import csv
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import click

from ruleengine.app.ruling import test_rules
from ruleengine.app.validating import ValidationOptions, validate
from ruleengine.cli.main import root
from tools.reference_docs import DOCS, PAGES

PROJECT = DOCS.parent
RESULTS = PROJECT / "build" / "tests.xml"
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
_COMMAND = re.compile(r"(?:^|[`\s])make ([a-z]+(?:-[a-z]+)*)")
_SHOWN = re.compile(
    r"(?:^\s*(?:\$ |Example: |Start with: )?|`|&& |\| |\$\()ruleengine (?P<words>[a-z-][^`\n]*?)"
    r"(?=\s{3,}|\s+#|\s*&& |\s*\| |[);`]|$)",
    re.MULTILINE,
)
"""A command: on a line of its own, in backquotes, or after another; up to what is said of it."""

_EXAMPLE = re.compile(r"^```yaml\n# (\S+\.yaml)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_BESIDE = {
    "apps/web/web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
}
"""What the files of examples point at, and no page needs to show."""


def stale_pages() -> Iterator[str]:
    """Return the generated pages that differ from what the code says now."""
    for name, make in PAGES.items():
        page = DOCS / name
        if not page.is_file() or page.read_text(encoding="utf-8") != make():
            yield f"docs/{name}: stale; run make generate"


def broken_links() -> Iterator[str]:
    """Return links of the Markdown pages that lead to no file."""
    for page in (*PROJECT.glob("*.md"), *DOCS.rglob("*.md"), *PROJECT.glob("benchmarks/*.md")):
        for target in _LINK.findall(page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                yield f"{page.relative_to(PROJECT)}: link to {target}, which does not exist"


def unknown_targets() -> Iterator[str]:
    """Return ``make`` targets that a page names and the Makefile lacks."""
    known = set(
        re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for page in (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md"):
        for target in _COMMAND.findall(page.read_text(encoding="utf-8")):
            if target not in known:
                yield f"{page.name}: `make {target}` is no target of the Makefile"


def unknown_commands() -> Iterator[str]:
    """Return commands that a page shows and the program does not have as they stand there."""
    for page in _pages():
        text = page.read_text(encoding="utf-8").replace("\\\n", "")
        for found in _SHOWN.finditer(text):
            problem = _problem(shlex.split(found["words"]))
            if problem:
                yield f"{page.relative_to(PROJECT)}: `ruleengine {found['words']}`: {problem}"


def _pages() -> Iterator[Path]:
    yield from (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md")))


def _problem(words: list[str]) -> str:
    """Return what is wrong with the words of a command; empty where nothing is."""
    command: click.Command = root
    context = click.Context(root)
    try:
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            _, found, words = command.resolve_command(context, words)
            command = found or command
        command.make_parser(context).parse_args(words)
    except click.UsageError as error:
        return error.format_message()
    return ""


def wrong_examples() -> Iterator[str]:
    """Return what is wrong with the files that pages show: all of them are one config repo."""
    shown: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for path, text in (*_examples(), *_BESIDE.items()):
            if shown.setdefault(path, text) != text:
                yield f"an example in the docs, {path}: two pages show it differently"
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        options = ValidationOptions(today=datetime.now(UTC).date(), directory=Path(folder))
        tests = test_rules(Path(folder), built_in=False)
        told = (
            *validate(options).report.findings,
            *(one for each in tests for one in each.problems),
        )
        for one in told:
            yield f"an example in the docs, {one.place}: {one.message}"


def _examples() -> Iterator[tuple[str, str]]:
    for page in _pages():
        yield from _EXAMPLE.findall(page.read_text(encoding="utf-8"))


def shared_numbers() -> Iterator[str]:
    """Return decisions whose number another one has as well."""
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    for page, other in pairwise(pages):
        if page.name[:4] == other.name[:4]:
            yield f"docs/decisions: {page.name} and {other.name} share a number"


def unproven_fields() -> Iterator[str]:
    """Return fields said to be honoured whose test does not exist or did not pass."""
    passed = _passed_tests()
    for table in sorted((DOCS / "support").glob("*.tsv")):
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                yield from _unproven(
                    row, f"docs/support/{table.name}: {row['kind']} {row['path']}", passed
                )


def _unproven(row: dict[str, str], where: str, passed: set[str] | None) -> Iterator[str]:
    if row["native"] not in ("honoured", "partly"):
        return
    for test in row["test"].split():
        path, _, name = test.partition("::")
        file = PROJECT / path
        if not file.is_file() or f"def {name.partition('[')[0]}(" not in file.read_text(
            encoding="utf-8"
        ):
            yield f"{where}: its test {test!r} does not exist"
        elif passed is not None and not any(one.startswith(f"{path}::{name}") for one in passed):
            yield f"{where}: its test {test!r} did not pass"


def _passed_tests() -> set[str] | None:
    if not RESULTS.is_file():
        return None
    cases = ET.parse(RESULTS).getroot().iter("testcase")  # noqa: S314 - our own file
    return {
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        for case in cases
        if all(child.tag not in {"failure", "error", "skipped"} for child in case)
    }


def main() -> int:
    """Print every sentence of the docs that is not true; return 1 if there is one."""
    checks = (
        *(stale_pages, broken_links, unknown_targets, unknown_commands),
        *(wrong_examples, shared_numbers, unproven_fields),
    )
    problems = [problem for check in checks for problem in check()]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
