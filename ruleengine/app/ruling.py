"""``rules``: the rules that are in force for a repo, and their tests."""

from dataclasses import dataclass
from pathlib import Path

from ruleengine.app.setup_trees import SetupTree
from ruleengine.app.workspace import is_project, open_workspace
from ruleengine.model.configuration import Engine
from ruleengine.model.findings import Finding
from ruleengine.model.trees import Tree
from ruleengine.repository import configuration
from ruleengine.repository.trees import open_worktree
from ruleengine.rules import loading
from ruleengine.rules.ruleset import RuleSet
from ruleengine.rules.testing import RuleTestOutcome, built_in_tests, run_tests, team_tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules in force, and what is wrong with a team's own."""

    rules: RuleSet
    findings: tuple[Finding, ...]


def load_rules(directory: Path) -> Rules:
    """Return the rules in force for the repo at ``directory``."""
    tree = _team(directory)
    settings, wrong = configuration.read(tree)
    loaded = loading.load(tree, settings.engine)
    return Rules(rules=loaded.rules, findings=(*wrong, *loaded.findings))


def test_rules(directory: Path, *, built_in: bool) -> tuple[RuleTestOutcome, ...]:
    """Run a team's rule tests, and those of the built-in rules where ``built_in`` says so."""
    tree = _team(directory)
    settings, _ = configuration.read(tree)
    by_engine: dict[Engine, RuleSet] = {}

    def rules_for(engine: Engine) -> RuleSet:
        if engine not in by_engine:
            by_engine[engine] = loading.load(tree, engine).rules
        return by_engine[engine]

    sources = (*team_tests(tree), *(built_in_tests() if built_in else ()))
    return run_tests(sources, rules_for, settings.engine)


def _team(directory: Path) -> Tree:
    """Return the files of a config repo; none in this project: its rules are the built-in ones."""
    workspace = open_workspace(directory)
    return SetupTree(contents={}) if is_project(workspace.root) else open_worktree(workspace.root)
