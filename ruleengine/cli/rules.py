"""``ruleengine rules``: list the rules in force, run their tests."""

from pathlib import Path

import click

from ruleengine.app.ruling import Rules, load_rules, test_rules
from ruleengine.cli.options import directory, output
from ruleengine.cli.printing import columns, show, show_findings
from ruleengine.model.errors import ExitCode
from ruleengine.model.findings import has_errors
from ruleengine.model.names import API_VERSION
from ruleengine.model.values import Object
from ruleengine.rules.testing import RuleTestOutcome


@click.group(epilog="Example: ruleengine rules list && ruleengine rules test")
def command() -> None:
    """Look at the rules that are in force, and run their tests."""


@command.command("list", epilog="Example: ruleengine rules list")
@output("text", "json", "yaml")
@directory
def list_rules(*, output: str, directory: Path) -> int:
    """List the rules in force: the built-in ones and the team's."""
    found = load_rules(directory)
    show_findings(output, found.findings, beside=True)
    show(output, lambda _: _text(found), lambda: _data(found))
    return ExitCode.FAILED if has_errors(found.findings) else ExitCode.DONE


@command.command("test", epilog="Example: ruleengine rules test --built-in")
@click.option("--built-in", is_flag=True, help="Run the tests of the built-in rules, too.")
@output("text", "json", "yaml")
@directory
def test(*, built_in: bool, output: str, directory: Path) -> int:
    """Run the tests beside the rules (documents of kind RuleTest in rules/**/tests/)."""
    found = load_rules(directory)
    outcomes = test_rules(directory, built_in=built_in)
    problems = [one for outcome in outcomes for one in outcome.problems]
    show_findings(output, [*found.findings, *problems], beside=True)
    show(output, lambda _: _outcomes_text(outcomes), lambda: _outcomes_data(found, outcomes))
    passed = all(one.passed for one in outcomes) and not has_errors(found.findings)
    return ExitCode.DONE if passed else ExitCode.FAILED


def _text(found: Rules) -> str:
    rows = [("NAME", "RANK", "WHERE", "WHAT")]
    rows += [
        (one.name, one.rank.name.lower().replace("_", "-"), str(one.place()), one.description)
        for one in found.rules.rules
    ]
    return columns(rows)


def _data(found: Rules) -> Object:
    from ruleengine.reporting.as_json import finding_data

    rows = [
        {
            "name": one.name,
            "rank": one.rank.name.lower().replace("_", "-"),
            "path": one.place().path,
            "line": one.place().line,
            "description": one.description,
        }
        for one in found.rules.rules
    ]
    findings = [finding_data(one) for one in found.findings]
    return {"apiVersion": API_VERSION, "kind": "Rules", "rules": rows, "findings": findings}


def _outcomes_text(outcomes: tuple[RuleTestOutcome, ...]) -> str:
    rows = [("passed" if one.passed else "failed", one.name, one.place) for one in outcomes]
    if not outcomes:
        return "there are no tests: they are documents of kind RuleTest in rules/**/tests/\n"
    passed = sum(one.passed for one in outcomes)
    return columns(rows) + f"{passed} passed, {len(outcomes) - passed} failed\n"


def _outcomes_data(found: Rules, outcomes: tuple[RuleTestOutcome, ...]) -> Object:
    from ruleengine.reporting.as_json import finding_data

    rows = [
        {
            "name": one.name,
            "place": one.place,
            "passed": one.passed,
            "problems": [finding_data(problem) for problem in one.problems],
        }
        for one in outcomes
    ]
    findings = [finding_data(one) for one in found.findings]
    return {"apiVersion": API_VERSION, "kind": "RuleTests", "tests": rows, "findings": findings}
