"""Probes and hooks are tried for real: over sockets of this machine, and by programs."""

import http.server
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from ruleengine.local.clock import VirtualClock
from ruleengine.local.runtime.checking import Checks
from ruleengine.local.runtime.checks import (
    Action,
    Check,
    Checked,
    ExecAction,
    HttpAction,
    Purpose,
    SleepAction,
    TcpAction,
)
from ruleengine.local.runtime.executing import Execution, Wanted
from tests.local.sandboxes import until

KEY = ("c", Purpose.READINESS)


class Pretended:
    """Runs a program in pretence: says its first argument, ends with the second as its code."""

    def __init__(self) -> None:
        self.stopped = False

    def execute(self, uid: str, container: str, wanted: Wanted) -> Execution:
        """Return what is said; without a code the program does not end."""
        del uid
        if container != "c":
            raise ProcessLookupError(f"the container {container} does not run")
        source, end = os.pipe()
        execution = Execution(None, (source,))
        os.write(end, wanted.arguments[0].encode())
        if len(wanted.arguments) > 1:
            os.close(end)
            execution.finish(int(wanted.arguments[1]))

        def stop() -> None:
            self.stopped = True
            os.close(end)

        execution.stop = stop
        return execution


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers with the code that the path says, or with the one of the header ``code``."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(int(self.headers.get("code") or self.path.strip("/")))
        self.send_header("location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Return the port of a server on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def unused() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        found: int = one.getsockname()[1]
        return found


class Bench:
    """Tries one check after another."""

    def __init__(self) -> None:
        self.executor = Pretended()
        self.changed: list[str] = []
        self.checks = Checks(self.executor, VirtualClock(), self.changed.append)

    def __call__(self, action: Action, *, container: str = "c", timeout: float = 20.0) -> Checked:
        """Try a check to its end."""
        check = Check(
            container=container,
            purpose=Purpose.READINESS,
            action=action,
            timeout=timeout,
            failures=1,
        )
        before = len(self.changed)
        self.checks.begin("u", check, 0)
        assert until(lambda: len(self.changed) > before)
        return self.checks.look("u")[container, Purpose.READINESS]


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Return a fresh bench."""
    found = Bench()
    yield found
    found.checks.close()


@pytest.mark.parametrize(("code", "good"), [(200, True), (302, True), (404, False), (500, False)])
def test_an_answer_by_http_counts_by_its_code(
    bench: Bench, port: int, code: int, *, good: bool
) -> None:
    """A redirection is not followed."""
    found = bench(HttpAction("127.0.0.1", port, f"/{code}"))
    assert found.passed is good
    assert (str(code) in found.message) is not good


def test_headers_are_sent(bench: Bench, port: int) -> None:
    """Those that the probe states."""
    assert bench(HttpAction("127.0.0.1", port, "/500", (("code", "204"),))).passed


def test_who_does_not_listen_fails(bench: Bench, port: int) -> None:
    """By HTTP, by TLS and by TCP; and who speaks no TLS does."""
    assert bench(TcpAction("127.0.0.1", port)).passed
    for action in (
        TcpAction("127.0.0.1", unused()),
        HttpAction("127.0.0.1", unused(), "/"),
        HttpAction("127.0.0.1", port, "/200", (), True),
    ):
        found = bench(action)
        assert found.passed is False
        assert found.message


def test_a_program_counts_by_its_code(bench: Bench) -> None:
    """What it says is the message."""
    assert bench(ExecAction(("fine", "0"))).passed
    found = bench(ExecAction(("not yet", "3")))
    assert (found.passed, found.message) == (False, "not yet")


def test_a_program_that_does_not_end_in_time_is_stopped(bench: Bench) -> None:
    """It counts as failed."""
    found = bench(ExecAction(("for ever",)), timeout=0.05)
    assert (found.passed, bench.executor.stopped) == (False, True)
    assert "did not end" in found.message


def test_a_container_that_does_not_run_fails(bench: Bench) -> None:
    """There is nothing to ask."""
    assert bench(ExecAction(("x", "0")), container="gone").passed is False


def test_sleep_passes(bench: Bench) -> None:
    """It lets time pass and nothing else."""
    assert bench(SleepAction(0.01)).passed


def test_what_ends_after_its_pod_is_forgotten(bench: Bench) -> None:
    """Nothing is kept of it."""
    check = Check(container="c", purpose=Purpose.READINESS, action=ExecAction(("x",)), timeout=0.1)
    bench.checks.begin("u", check, 0)
    bench.checks.forget("u")
    assert until(lambda: bench.executor.stopped)
    assert bench.checks.look("u") == {}
