"""One run of ``validate`` over one checkout: bring the index to its state, read what it holds."""

from ruleengine.app.checkouts import Checkout
from ruleengine.app.contents import BlobContents
from ruleengine.app.learning import RepoLearner
from ruleengine.app.selecting import Chosen, choose_paths
from ruleengine.app.setups import RepoContexts, Setup
from ruleengine.app.validating import STDIN, ValidationOptions
from ruleengine.reporting.progress import Progress
from ruleengine.repository.blobs import blob_id
from ruleengine.validation.checks import (
    Check,
    Report,
    check_of,
    choose,
    recorded_findings,
    stored_findings,
)
from ruleengine.validation.facts import RECORDED, FileKey
from ruleengine.validation.folders import unread_folders
from ruleengine.validation.index import ValidationIndex
from ruleengine.validation.outside import findings_outside
from ruleengine.validation.problems import Key, keys_of_paths
from ruleengine.validation.updating import update


class ValidationRun:
    """One run over one checkout; it can be repeated with another index."""

    def __init__(self, options: ValidationOptions, checkout: Checkout, progress: Progress) -> None:
        self._options = options
        self._checkout = checkout
        self._progress = progress

    def report(self, index: ValidationIndex) -> Report:
        """Bring the index to the state of the checkout and report what it then holds."""
        checkout, options = self._checkout, self._options
        setup = Setup(index, checkout.contents)
        learner = RepoLearner(index, setup, checkout, options.jobs, self._progress)
        with index.transaction():
            updated = update(
                index,
                checkout.state,
                checkout.history,
                lambda _: RepoContexts(setup),
                learner,
            )
            chosen = self._choose(index, learner)
            broken = self._broken(index, setup, learner, chosen)
        findings = [
            *setup.findings,
            *stored_findings(index, chosen.selection, options.checks, broken),
            *(one for one in chosen.findings if check_of(one.code) in (None, *options.checks)),
        ]
        if chosen.selection.everything:
            findings += unread_folders(
                index.next_path,
                lambda folder: [path for path, _, _ in index.files_below(folder)],
                index.is_pointed_at,
                setup.folders,
            )
        waivers = setup.waivers
        told = Check.SCHEMA in options.checks
        if told and (options.recorded or any(one.code == RECORDED for one in waivers)):
            findings += recorded_findings(index, chosen.selection)
        remaining, waived = choose(findings, waivers, options.today)
        files, documents, recorded = chosen.counts(index, updated)
        recorded -= sum(one.finding.code == RECORDED for one in waived)
        return Report(
            findings=remaining,
            waived=waived,
            files=files,
            documents=documents,
            recorded=recorded if told else 0,
            checks=tuple(one for one in Check if one in options.checks),
            revision=checkout.state.commit,
            dirty=bool(checkout.state.overlay),
            chosen=not chosen.selection.everything,
        )

    def source(self, path: str) -> str | None:
        """Return the text of a file, for excerpts."""
        checkout = self._checkout
        blob = checkout.state.overlay.get(path) or ""
        if not blob and not checkout.on_disk:
            blob = checkout.history.listing(checkout.state.commit, [path]).get(path, "")
        try:
            return checkout.contents.read(path, blob).decode("utf-8", "replace")
        except KeyError:
            return None

    def _choose(self, index: ValidationIndex, learner: RepoLearner) -> Chosen:
        """Return what is reported on, with the facts of files outside the folders."""
        options, checkout = self._options, self._checkout
        if options.staged and not options.paths:
            return Chosen.of_files(checkout.state.overlay)
        if not options.paths and options.given is None:
            return Chosen()
        chosen = choose_paths(checkout, options.paths, index)
        if options.given is not None:
            chosen = chosen.with_file(STDIN, blob_id(options.given))
        keys = [FileKey(path, blob, "") for path, blob in sorted(chosen.extra.items())]
        rows = list(learner.examine(keys)) if keys else []
        in_repo = checkout.workspace.found
        return chosen.with_facts(rows, findings_outside(index, rows, in_repo=in_repo))

    def _broken(
        self, index: ValidationIndex, setup: Setup, learner: RepoLearner, chosen: Chosen
    ) -> set[Key]:
        """Return the keys of what chosen files declared in the commit and declare no more."""
        state = self._checkout.state
        changed = [path for path in state.overlay if chosen.selection.holds(path)]
        if chosen.selection.everything or not changed or not state.commit:
            return set()
        contexts = RepoContexts(setup)
        before = [
            FileKey(path, blob, context)
            for path, blob in self._checkout.history.listing(state.commit, changed).items()
            if (context := contexts.of(path)) is not None
        ]
        missing = [one for one in before if not index.known_entries([one.number])]
        if missing:
            blobs = BlobContents(self._checkout.workspace.root)
            index.store(learner.examine(missing, blobs))
        now = [row[1] for path in changed if (row := index.file(path)) and row[1] is not None]
        keys = keys_of_paths(path for path in changed if state.overlay[path] is None)
        for table in ("identities", "definitions"):
            old = index.keys_of((one.number for one in before), table)
            keys |= old - index.keys_of(now, table)
        return keys
