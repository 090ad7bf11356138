"""What all tests share: one hypothesis profile, Git without the user's settings, honest skips.

With ``RULEENGINE_CI`` set, a skip whose reason is not in ``tests/skips.tsv`` fails the run,
and so does a set of vectors that did not run.
"""

import csv
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.services.postgresql import server

settings.register_profile("house", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("house")

SKIPS = Path(__file__).parent / "skips.tsv"
SIMULATION = Path(__file__).parent / "simulation"
SUMMARY = Path(__file__).resolve().parent.parent / "build" / "tests.summary"


@pytest.fixture(autouse=True, scope="session")
def git_without_the_users_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Give every git process fixed names and dates and no user configuration."""
    os.environ.update(
        {
            "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_AUTHOR_EMAIL": "dev@example.com",
            "GIT_AUTHOR_NAME": "A Developer",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_EMAIL": "dev@example.com",
            "GIT_COMMITTER_NAME": "A Developer",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "HOME": str(tmp_path_factory.mktemp("home")),
        }
    )


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """Return the URL of a real PostgreSQL server, one for each module of tests."""
    with server() as url:
        yield url


@pytest.fixture(autouse=True, scope="session")
def programs_can_be_interrupted() -> None:
    """Undo what a shell does to what it runs in the background, and nohup: they ignore signals."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)  # we go on, and our programs have the default


@pytest.fixture(autouse=True, scope="session")
def no_container_engine() -> None:
    """Run pods the same on every machine; who tests an engine names it."""
    os.environ["RULEENGINE_CONTAINER_ENGINE"] = "none"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure no coverage where the same code runs thousands of times: others cover it."""
    for item in items:
        if item.path.is_relative_to(SIMULATION) or item.path.name == "test_mutated_documents.py":
            item.add_marker("no_cover")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say per set of vectors how many cases ran, and which skips are not allowed."""
    for name, counts in sorted(_vector_counts(terminalreporter).items()):
        numbers = ", ".join(f"{counts[word]} {word}" for word in ("passed", "failed", "skipped"))
        terminalreporter.write_line(f"vectors {name}: {numbers}")
    for reason in _unlisted_skips(terminalreporter):
        terminalreporter.write_line(f"skip not listed in tests/skips.tsv: {reason}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in CI that skipped what may not be skipped; keep the closing numbers."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if (
        reporter is None
        or hasattr(session.config, "workerinput")
        or "RULEENGINE_CI" not in os.environ
    ):
        return
    if exitstatus == 0 and _unlisted_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    numbers = ", ".join(
        f"{len(reporter.stats.get(word, []))} {word}" for word in ("passed", "failed", "skipped")
    )
    SUMMARY.parent.mkdir(exist_ok=True)
    SUMMARY.write_text(f"{numbers}\n")


def _vector_counts(reporter: pytest.TerminalReporter) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for word in ("passed", "failed", "skipped"):
        for report in reporter.stats.get(word, []):
            for name, value in getattr(report, "user_properties", ()):
                if name == "vectors":
                    counts.setdefault(value, Counter())[word] += 1
    return counts


def _unlisted_skips(reporter: pytest.TerminalReporter) -> list[str]:
    with SKIPS.open(encoding="utf-8", newline="") as file:
        allowed = [row["reason"] for row in csv.DictReader(file, delimiter="\t")]
    reasons = {
        str(report.longrepr[2])
        for report in reporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    }
    return sorted(reason for reason in reasons if not any(part in reason for part in allowed))


@pytest.fixture(autouse=True)
def vectors_are_counted(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Note the set of vectors that a test marked ``vectors("set")`` reads."""
    marker = request.node.get_closest_marker("vectors")
    if marker is not None:
        record_property("vectors", marker.args[0] if marker.args else "all")
