"""Throw-away config repos with real Git, and the real command line on them."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ruleengine.app.validating import ValidationOptions, validate
from ruleengine.model.findings import Finding
from ruleengine.validation.checks import Report

TODAY = date(2026, 11, 23)

ENVIRONMENT = "source: {path: apps/web}\n"
MANIFESTS = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: build, namespace: ruleengine}
spec:
  entrypoint: main
  arguments:
    parameters: [{name: revision}]
  templates:
  - name: main
    container: {image: alpine}
"""
TRIGGER = """\
on:
  push:
    webhook: {port: "12000", endpoint: /push, method: POST}
do:
- pipeline: build
  parameters: {revision: main}
"""
_MAIN = "from ruleengine.cli.main import main; main()"

FILES = {
    "environments/staging/web.yaml": ENVIRONMENT,
    "apps/web/service.yaml": MANIFESTS,
    "pipelines/build.yaml": TEMPLATE,
    "triggers/on-push.yaml": TRIGGER,
}


@dataclass(frozen=True)
class Result:
    """What a run of the command line printed, and its exit code."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True)
class Repo:
    """A folder that is worked in."""

    root: Path

    def write(self, files: dict[str, str | None]) -> None:
        """Write files; ``None`` removes one."""
        for path, text in files.items():
            file = self.root / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> str:
        """Run git."""
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change")

    def run(self, *arguments: str, folder: str = "") -> Result:
        """Run ``ruleengine`` in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-c", _MAIN, *arguments],
            cwd=self.root / folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def validate(self, *paths: str, **options: Any) -> Report:
        """Return the report of the working tree, or of what the options name."""
        chosen = ValidationOptions(
            today=TODAY,
            directory=self.root,
            paths=tuple(self.root / path for path in paths),
            **options,
        )
        return validate(chosen).report


def told(report: Report) -> list[Finding]:
    """Return the findings, but not that documents are merely recorded."""
    return [one for one in report.findings if one.code != "support-kind-recorded"]


def found(report: Report) -> list[tuple[str, str]]:
    """Return path and code of every finding that is told."""
    return [(one.place.path, one.code) for one in told(report)]


def make_repo(root: Path, files: dict[str, str] | None = None) -> Repo:
    """Return a Git repository with files committed."""
    root.mkdir(parents=True, exist_ok=True)
    repo = Repo(root)
    repo.git("init", "--quiet", "--initial-branch", "main")
    repo.write({**(FILES if files is None else files)})
    repo.commit()
    return repo
