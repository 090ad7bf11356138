"""Probes and hooks are tried for real: over sockets of this machine, and by programs."""

import fcntl
import http.server
import os
import resource
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from ruleengine.local.clock import VirtualClock
from ruleengine.local.runtime.checking import Checks
from ruleengine.local.runtime.checks import (
    Action,
    Check,
    Checked,
    ExecAction,
    GrpcAction,
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
        self.lowest = 0

    def execute(self, uid: str, container: str, wanted: Wanted) -> Execution:
        """Return what is said; without a code the program does not end."""
        del uid
        if container != "c":
            raise ProcessLookupError(f"the container {container} does not run")
        low, end = os.pipe()
        source = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, self.lowest)
        os.close(low)
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
        """Answer; what follows the code in the path has to have come as it was asked."""
        code, _, rest = self.path.strip("/").partition("/")
        there = rest in ("", "%C3%BC%20%2F?a=b%20c")
        self.send_response(int(self.headers.get("code") or code) if there else 400)
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


def test_a_path_is_sent_as_it_has_to_be_written(bench: Bench, port: int) -> None:
    """Letters that a request cannot have become bytes; what is written so already stays."""
    assert bench(HttpAction("127.0.0.1", port, "/200/ü %2F?a=b%20c")).passed
    assert not bench(HttpAction("127.0.0.1", port, "/200/other")).passed


@pytest.mark.parametrize(
    "action",
    [
        TcpAction("127.0.0.1", 70_000),
        HttpAction("127.0.0.1", 70_000, "/"),
        HttpAction("a" * 64 + ".example", 80, "/"),
        HttpAction("127.0.0.1", 80, "/", (("name", "two\nlines"),)),
    ],
)
def test_what_nobody_can_be_asked_for_fails(bench: Bench, action: Action) -> None:
    """A try that has no answer is over all the same: else there would never be another."""
    found = bench(action)
    assert (found.running, found.passed) == (False, False)
    assert found.message


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


STATES = {b"": b"\x08\x01", b"\x0a\x04cart": b"\x08\x02", b"\x0a\x03odd": b"\x08\x09"}
"""What a server says of itself and of two of its services: protobuf, in and out."""

LONG = "s" * 300


@pytest.fixture(scope="module")
def health() -> Iterator[int]:
    """Return the port of a gRPC server that speaks the health protocol."""

    def check(request: bytes, context: grpc.ServicerContext) -> bytes:
        if request.endswith(b"slow"):
            threading.Event().wait(5)
        if request.endswith(b"junk"):
            return b"\xff"
        if request.endswith(LONG.encode()):
            return b"\x08\x01" if request == b"\x0a\xac\x02" + LONG.encode() else b""
        if request.endswith(b"none"):
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return STATES[request.removeprefix(b"\x0a\x00")]

    methods = {"Check": grpc.unary_unary_rpc_method_handler(check)}
    server = grpc.server(ThreadPoolExecutor(2))
    handler = grpc.method_handlers_generic_handler("grpc.health.v1.Health", methods)
    server.add_generic_rpc_handlers((handler,))
    found = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield found
    server.stop(None).wait()


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("", ""),
        (LONG, ""),
        ("cart", "the server says NOT_SERVING"),
        ("odd", "the server says the unknown state 9"),
        ("none", "NOT_FOUND: unknown service"),
        ("junk", "the answer is none of the health protocol"),
    ],
)
def test_an_answer_by_grpc_counts_by_what_it_says(
    bench: Bench, health: int, service: str, message: str
) -> None:
    """Only that it serves is good; else the server's own words are the message."""
    found = bench(GrpcAction("127.0.0.1", health, service))
    assert found.passed is not bool(message)
    assert found.message.startswith(message)


def test_who_does_not_answer_by_grpc_fails(bench: Bench, health: int, port: int) -> None:
    """In time, at all, in this protocol, or of its health."""
    for action, seconds, message in (
        (GrpcAction("127.0.0.1", health, "slow"), 0.2, "DEADLINE_EXCEEDED"),
        (GrpcAction("127.0.0.1", unused()), 20, "UNAVAILABLE"),
        (GrpcAction("127.0.0.1", port), 20, "UNAVAILABLE"),
    ):
        found = bench(action, timeout=seconds)
        assert found.passed is False
        assert found.message.startswith(message)


def test_a_server_without_the_health_protocol_is_told(bench: Bench) -> None:
    """By its name."""
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    found = bench(GrpcAction("127.0.0.1", port))
    server.stop(None).wait()
    assert (found.passed, "does not implement" in found.message) == (False, True)


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


def test_many_that_sleep_hold_nobody_up(bench: Bench) -> None:
    """Neither the probes of others nor, in the end, the server."""
    for number in range(100):
        check = Check(
            container=f"c{number}",
            purpose=Purpose.POST_START,
            action=SleepAction(3600),
            timeout=3600,
        )
        bench.checks.begin("u", check, 0)
    assert bench(ExecAction(("fine", "0"))).passed
    threads = [one for one in threading.enumerate() if one.name == "check"]
    assert len(threads) >= 100
    bench.checks.close()
    assert until(lambda: not any(one.is_alive() for one in threads))
    bench.checks.begin("v", check, 0)
    assert not [one for one in threading.enumerate() if one.name == "check"]


def test_a_program_is_heard_by_a_server_that_has_much_open(bench: Bench) -> None:
    """Descriptors beyond 1023 are not known everywhere."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    bench.executor.lowest = 2000
    try:
        assert bench(ExecAction(("fine", "0"))).message == "fine"
        assert bench(ExecAction(("for ever",)), timeout=0.05).passed is False
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_what_ends_after_its_pod_is_forgotten(bench: Bench) -> None:
    """Nothing is kept of it."""
    check = Check(container="c", purpose=Purpose.READINESS, action=ExecAction(("x",)), timeout=0.1)
    bench.checks.begin("u", check, 0)
    bench.checks.forget("u")
    assert until(lambda: bench.executor.stopped)
    assert bench.checks.look("u") == {}
