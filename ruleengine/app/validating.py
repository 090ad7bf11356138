"""``validate``: a state of the repo through all checks to one report.

The index does the remembering, so a run asks Git what changed, examines those files and
reads the findings of the others.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ruleengine.app.checkouts import Checkout, open_checkout
from ruleengine.app.contents import GivenContents
from ruleengine.app.workspace import Workspace, named_workspace, require_config_repo
from ruleengine.reporting.progress import SILENCE, Progress
from ruleengine.validation.check_names import ALL_CHECKS, Check

if TYPE_CHECKING:
    from ruleengine.reporting.excerpts import Sources
    from ruleengine.validation.checks import Report

INDEX_FILE = "index.sqlite"
STDIN = "<stdin>"
"""How findings call what was read from the standard input."""


class ValidationOptions(NamedTuple):
    """What is to be checked. ``today`` decides about waivers; ``jobs`` is the number of processes.

    Without ``staged`` and ``revision`` the working tree is checked; ``paths`` are as the
    user wrote them, seen from the current folder. ``recorded`` lists the documents that are
    only recorded, which are counted in any case. ``given`` is a file that lies nowhere, which
    findings call :data:`STDIN`.
    """

    today: date
    directory: Path = Path()
    paths: tuple[Path, ...] = ()
    staged: bool = False
    revision: str = ""
    checks: frozenset[Check] = ALL_CHECKS
    recorded: bool = True
    jobs: int | None = None
    given: bytes | None = None


class Validation(NamedTuple):
    """A report, and what gives the text of the files that it names."""

    report: "Report"
    source: "Sources"


def validate(options: ValidationOptions, progress: Progress = SILENCE) -> Validation:
    """Check what the options name. Raises ``UsageError`` for paths and revisions that are not.

    Without paths it raises ``UsageError`` in a folder that is no config repo, too.
    """
    workspace = named_workspace(options.directory, options.paths)
    paths = options.paths if options.given is None else (*options.paths, workspace.root / STDIN)
    if not paths:
        require_config_repo(workspace)
    named = () if workspace.found else map(workspace.relative, paths)
    checkout = open_checkout(
        workspace,
        staged=options.staged,
        revision=options.revision,
        only=tuple(one for one in named if one is not None),
    )
    if options.given is not None:
        contents = GivenContents(STDIN, options.given, checkout.contents)
        checkout = replace(checkout, contents=contents)
    return validate_checkout(options, checkout, progress)


def validate_checkout(
    options: ValidationOptions, checkout: Checkout, progress: Progress = SILENCE
) -> Validation:
    """Check what the options name of a state that was opened. Raises ``UsageError`` for paths."""
    # Git is at work now: the time that the imports take is not lost.
    from ruleengine.app.code_digests import code_digest
    from ruleengine.app.validation_runs import ValidationRun
    from ruleengine.validation.index_files import with_index

    run = ValidationRun(options, checkout, progress)
    path = index_path(checkout.workspace)
    report, note = with_index(path, code_digest(), run.report)
    if path is not None and note:
        report = replace(report, note=f"{note}: everything was checked anew")
    return Validation(report=report, source=run.source)


def index_path(workspace: Workspace) -> Path | None:
    """Return where the index of a workspace lies; ``None`` where there is no Git to ask."""
    return workspace.state_folder / INDEX_FILE if workspace.git_root else None
