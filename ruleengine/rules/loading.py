"""Loading: the built-in rules of one engine, and the team's from ``rules/`` of its repo.

A team's rules add to the built-in ones under names of their own; to take the place of a
built-in rule, a rule says ``replaces: <name>``. Mistakes are findings at the key of the
rule file; a rule with a mistake is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ruleengine.formats import yaml_reader
from ruleengine.model.configuration import Engine
from ruleengine.model.data import data_folder
from ruleengine.model.digests import content_digest
from ruleengine.model.documents import Document
from ruleengine.model.findings import Finding, Related, Severity
from ruleengine.model.names import API_VERSION
from ruleengine.model.trees import Tree
from ruleengine.model.values import Value
from ruleengine.rules.parsing import parse_rule
from ruleengine.rules.ruleset import Rank, Rule, RuleSet

FOLDER = "rules"
"""Where the rules stand, in the package and in a team's repo."""

TESTS = "tests"
"""Folders of this name hold tests of rules, not rules."""

BUILT_IN_PREFIX = "<ruleengine>/rules/"
"""What the places of built-in rules begin with; no file of a repo does."""

_SUFFIXES = (".yaml", ".yml")
_OTHER_AREAS = frozenset({"health"})


class Source(NamedTuple):
    """One rule file: its path, its Git blob id (or any digest of the content), its bytes."""

    path: str
    blob: str
    data: bytes


class Loaded(NamedTuple):
    """The rules that can be used, and what is wrong with the others."""

    rules: RuleSet
    findings: tuple[Finding, ...] = ()


def load(tree: Tree, engine: Engine) -> Loaded:
    """Return the rules that hold for a config repo: built-in ones and its own."""
    return load_sources(team_sources(tree), engine)


def team_sources(tree: Tree) -> tuple[Source, ...]:
    """Return the rule files of a config repo."""
    return read_sources(tree, is_rule_file)


def read_sources(tree: Tree, wanted: Callable[[str], bool]) -> tuple[Source, ...]:
    """Return the files of a tree whose paths are wanted, without those that went away."""
    found = []
    for path, entry in tree.files().items():
        if wanted(path):
            with suppress(KeyError):  # that it cannot be read is told where files are checked
                found.append(Source(path, entry.blob, tree.read(path)))
    return tuple(found)


def is_rule_file(path: str) -> bool:
    """Tell whether a file of a repo holds rules (and not their tests)."""
    folders = path.split("/")[:-1]
    return folders[:1] == [FOLDER] and TESTS not in folders and path.endswith(_SUFFIXES)


def load_sources(sources: Iterable[Source], engine: Engine) -> Loaded:
    """Return the built-in rules with those of a team's files over them."""
    built_in, broken = _built_in(engine)
    team: list[Rule] = []
    findings = list(broken)
    digests = [content_digest([str(engine), [rule.document.blob for rule in built_in]])]
    for source in sorted(sources, key=lambda one: one.path):
        digests.append(content_digest([source.path, source.blob]))
        for document in _documents(source, findings):
            rule, wrong = parse_rule(document, Rank.TEAM, eager=True)
            findings.extend(wrong)
            if rule is not None:
                team.append(rule)
    team = [rule for rule in team if not rule.engines or engine in rule.engines]
    rules = _combined(built_in, team, findings)
    return Loaded(RuleSet(rules, content_digest(digests)), tuple(findings))


@cache
def _built_in(engine: Engine) -> tuple[tuple[Rule, ...], tuple[Finding, ...]]:
    """Return the pack of one engine: the built-in rules that hold for it."""
    findings: list[Finding] = []
    rules: list[Rule] = []
    for source in built_in_sources():
        for document in _documents(source, findings):
            rule, wrong = parse_rule(document, Rank.BUILT_IN, eager=False)
            findings.extend(wrong)
            if rule is not None and (not rule.engines or engine in rule.engines):
                rules.append(rule)
    return tuple(rules), tuple(findings)


def built_in_sources(folder: Path | None = None) -> Iterator[Source]:
    """Yield the files of the built-in rules in the order of their paths."""
    root = folder or data_folder(FOLDER)
    for file in sorted(root.rglob("*.yaml")):
        parts = file.relative_to(root).parts
        if TESTS in parts or parts[0] in _OTHER_AREAS:
            continue
        data = file.read_bytes()
        digest = content_digest(data.decode())
        yield Source(BUILT_IN_PREFIX + "/".join(parts), digest, data)


def _documents(source: Source, findings: list[Finding]) -> Iterator[Document]:
    """Yield the rules that a file holds as documents; note what is none."""
    parsed = yaml_reader.read(source.data, source.path)
    findings.extend(parsed.findings)
    for index, one in enumerate(parsed.documents):
        document = Document(
            path=source.path,
            index=index,
            line=one.line,
            blob=source.blob,
            value=one.value,
            locator=one.locator,
        )
        if _is_rule(one.value):
            yield document
            continue
        findings.append(
            Finding(
                severity=Severity.ERROR,
                code="rule-document-foreign",
                message="this document in the folder of the rules is no rule",
                remedy=f"write `apiVersion: {API_VERSION}` and `kind: Rule`, or move it elsewhere",
                place=document.place(),
            )
        )


def _is_rule(value: Value) -> bool:
    return (
        isinstance(value, dict)
        and value.get("apiVersion") == API_VERSION
        and value.get("kind") == "Rule"
    )


def _combined(
    built_in: tuple[Rule, ...], team: list[Rule], findings: list[Finding]
) -> tuple[Rule, ...]:
    """Return all rules; note names that are taken and replacements of nothing."""
    known = {rule.name: rule for rule in built_in}
    replaced: set[str] = set()
    taken: dict[str, Rule] = {}
    for rule in team:
        earlier = taken.get(rule.name)
        if rule.replaces:
            if rule.replaces not in known:
                findings.append(_wrong_name(rule, f"there is no built-in rule {rule.replaces!r}"))
                continue
            replaced.add(rule.replaces)
        if earlier is None and rule.name in known and rule.replaces != rule.name:
            earlier = known[rule.name]
        if earlier is not None:
            findings.append(_wrong_name(rule, f"there is a rule {rule.name!r} already", earlier))
            continue
        taken[rule.name] = rule
    return (*(rule for rule in built_in if rule.name not in replaced), *taken.values())


def _wrong_name(rule: Rule, message: str, other: Rule | None = None) -> Finding:
    remedy = "give the rule a name of its own"
    if other is None:
        remedy = "name a built-in rule that `ruleengine rules list` shows"
    elif other.rank is Rank.BUILT_IN:
        remedy += f", or write `replaces: {other.name}` to take the place of the built-in rule"
    return Finding(
        severity=Severity.ERROR,
        code="rule-name-taken" if other else "rule-replacement-unknown",
        message=message,
        remedy=remedy,
        place=rule.place("metadata", "name") if other else rule.place("replaces"),
        related=(Related(other.place(), f"rule {other.name}"),) if other else (),
    )
