"""What happened, as a tree: file, then document, then object with its result."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ruleengine.model.actions import Outcome, Result
from ruleengine.model.documents import Origin
from ruleengine.reporting.counts import count, listed
from ruleengine.reporting.style import PLAIN, Style, printable

PACKAGE = "<ruleengine>"
"""How the paths begin of what comes with ruleengine itself."""

_FAILURES = (Result.FAILED, Result.REFUSED, Result.CONFLICT)


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of a tree: its text and what hangs on it."""

    text: str
    branches: list["Branch"] = field(default_factory=list)


def tree_text(roots: Iterable[Branch], style: Style = PLAIN) -> str:
    """Return branches drawn below their roots."""
    corner, tee, bar = ("└─ ", "├─ ", "│  ") if style.unicode else ("`- ", "|- ", "|  ")
    lines: list[str] = []

    def draw(branches: Sequence[Branch], margin: str) -> None:
        for number, branch in enumerate(branches, 1):
            last = number == len(branches)
            lines.append(margin + style.paint(corner if last else tee, "faint") + branch.text)
            draw(branch.branches, margin + ("   " if last else style.paint(bar, "faint")))

    for root in roots:
        lines.append(root.text)
        draw(root.branches, "")
    return "".join(f"{line}\n" for line in lines)


def outcomes_text(
    outcomes: Sequence[Outcome], style: Style = PLAIN, writes: int | None = None
) -> str:
    """Return the tree of outcomes, per file and document, and a summary.

    What no document stands behind (namespaces, resource definitions, writes of a
    reconciler) hangs under the area that asked for it. ``writes`` is the number of all
    writes, where more was written than these outcomes tell.
    """
    return tree_text(_by_file(outcomes, style), style) + outcomes_summary(outcomes, style, writes)


def outcomes_summary(
    outcomes: Sequence[Outcome], style: Style = PLAIN, writes: int | None = None
) -> str:
    """Return one line of totals. Zero writes are said in words."""
    if writes is None:
        writes = sum(one.writes for one in outcomes)
    parts = []
    for result in Result:
        number = sum(one.result is result for one in outcomes)
        if number:
            parts.append(style.result(result, f"{number:,} {result.value}"))
    if not parts:
        return "nothing to do: no object is declared; zero writes\n"
    return f"{listed(parts)}; {count(writes, 'write') if writes else 'zero writes'}\n"


def _by_file(outcomes: Sequence[Outcome], style: Style) -> Sequence[Branch]:
    files: dict[str, Branch] = {}
    documents: dict[tuple[str, str], Branch] = {}
    quiet = [one for one in outcomes if _comes_with_us(one) and one.result not in _FAILURES]
    for outcome in outcomes:
        if outcome in quiet:
            continue
        origin = outcome.planned.action.origin
        path = origin.path if origin else f"({outcome.planned.area or 'ruleengine'})"
        file = files.setdefault(path, Branch(style.paint(printable(path), "bold")))
        parent = file
        if origin:
            text = _document_text(origin)
            if (path, text) not in documents:
                documents[path, text] = Branch(style.paint(text, "faint"))
                file.branches.append(documents[path, text])
            parent = documents[path, text]
        parent.branches.append(Branch(_outcome_line(outcome, style)))
    return [*(files[path] for path in sorted(files)), *_package_branch(quiet, style)]


def _comes_with_us(outcome: Outcome) -> bool:
    origin = outcome.planned.action.origin
    return origin is not None and origin.path.startswith(PACKAGE)


def _package_branch(outcomes: Sequence[Outcome], style: Style) -> Sequence[Branch]:
    """Return one line per kind for what comes with ruleengine itself."""
    numbers = Counter((one.planned.action.target.kind, one.result) for one in outcomes)
    lines = [
        Branch(f"{count(number, kind)}  {style.result(result)}")
        for (kind, result), number in numbers.items()
    ]
    return [Branch(style.paint("with ruleengine itself", "bold"), lines)] if lines else []


def _document_text(origin: Origin) -> str:
    line = f"line {origin.line}" if origin.line else "document"
    return f"{line}, {printable(origin.rule)}" if origin.rule else line


def _outcome_line(outcome: Outcome, style: Style) -> str:
    action = outcome.planned.action
    cluster = f" on {action.target.cluster}" if action.target.cluster else ""
    line = f"{action.target}{cluster}  {style.result(outcome.result)}"
    message = outcome.message
    if not message and outcome.result in _FAILURES:
        message = outcome.planned.message or action.refusal
    return f"{line}: {printable(message)}" if message else line
