"""Tries probes and hooks against running containers, each try in a thread of its own.

A hook may take an hour, and nobody else's probe waits for that; nor does the end of the server.
Only what is known of each check stays here, and only while its pod does: after a restart of the
server its containers are gone, and with them what their checks have said.
"""

import contextlib
import http.client
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol
from urllib.parse import quote

from ruleengine.local.clock import Clock
from ruleengine.local.runtime.checks import (
    Check,
    Checked,
    ExecAction,
    GrpcAction,
    HttpAction,
    Purpose,
    Result,
    SleepAction,
    TcpAction,
    begin,
    conclude,
)
from ruleengine.local.runtime.executing import Execution, Wanted
from ruleengine.local.runtime.health_calls import ask

_MOST_OUTPUT: Final = 10_000
_LONGEST_MESSAGE: Final = 500
_MILLISECONDS: Final = 1000
_SAFE: Final = "!#$%&'()*+,/:;=?@[]~"
"""Characters of a path that stand for themselves; others are sent as their bytes in UTF-8."""


class Executor(Protocol):
    """Starts programs inside containers."""

    def execute(self, uid: str, container: str, wanted: Wanted) -> Execution:
        """Start a program. Raises ``OSError``."""


class Checks:
    """The checks of all pods. ``changed`` is called with a pod's uid when one has ended."""

    def __init__(self, executor: Executor, clock: Clock, changed: Callable[[str], None]) -> None:
        self._executor = executor
        self._clock = clock
        self._changed = changed
        self._lock = threading.Lock()
        self._known: dict[str, dict[tuple[str, Purpose], Checked]] = {}
        self._closed = threading.Event()

    def look(self, uid: str) -> Mapping[tuple[str, Purpose], Checked]:
        """Return what is known of the checks of a pod."""
        with self._lock:
            return dict(self._known.get(uid, {}))

    def begin(self, uid: str, check: Check, attempt: int) -> None:
        """Begin a try."""
        key = check.container, check.purpose
        asked = (uid, check, attempt)
        # nobody waits for it when the server ends, as for the threads of a pool
        thread = threading.Thread(target=self._try, args=asked, name="check", daemon=True)
        with self._lock:
            if self._closed.is_set():
                return
            thread.start()
            known = self._known.setdefault(uid, {})
            known[key] = begin(attempt, known.get(key), self._clock.now())

    def forget(self, uid: str) -> None:
        """Forget the checks of a pod."""
        with self._lock:
            self._known.pop(uid, None)

    def close(self) -> None:
        """Begin nothing more, and let nothing sleep on."""
        self._closed.set()

    def _try(self, uid: str, check: Check, attempt: int) -> None:
        try:
            good, message = self._perform(uid, check)
        except (OSError, ValueError, OverflowError) as error:  # also for what no address can be
            good, message = False, str(error)
        key = check.container, check.purpose
        with self._lock:
            known = self._known.get(uid, {}).get(key)
            if known is None or known.attempt != attempt:
                return
            self._known[uid][key] = conclude(
                check, known, self._clock.now(), good=good, message=message[:_LONGEST_MESSAGE]
            )
        self._changed(uid)

    def _perform(self, uid: str, check: Check) -> Result:
        match check.action:
            case ExecAction(arguments):
                return self._execute(uid, check, arguments)
            case HttpAction():
                return _ask_by_http(check.action, check.timeout)
            case TcpAction(host, port):
                with socket.create_connection((host, port), check.timeout):
                    return True, ""
            case GrpcAction():
                return ask(check.action, check.timeout)
            case SleepAction(seconds):
                self._closed.wait(min(seconds, check.timeout))
                return True, ""

    def _execute(self, uid: str, check: Check, arguments: tuple[str, ...]) -> Result:
        wanted = Wanted(arguments=arguments, stderr=False)
        execution = self._executor.execute(uid, check.container, wanted)
        end = time.monotonic() + check.timeout
        try:
            output = _read(execution.outputs[0], end)
            if output is None or not execution.over.wait(max(end - time.monotonic(), 0)):
                execution.stop()
                return False, f"the command did not end within {check.timeout:g} seconds"
        finally:
            execution.close()
        text = output.decode(errors="replace").strip()
        return execution.code == 0, text or f"the command ended with the code {execution.code}"


def _read(source: int, end: float) -> bytes | None:
    """Return what can be read until its end; ``None`` where that does not come in time."""
    found = b""
    ready = select.poll()  # select knows no descriptor beyond 1023, and a server has many
    ready.register(source, select.POLLIN)
    while True:
        left = end - time.monotonic()
        if left <= 0 or not ready.poll(left * _MILLISECONDS):
            return None
        chunk = os.read(source, _MOST_OUTPUT)
        if not chunk:
            return found
        found = (found + chunk)[:_MOST_OUTPUT]


def _ask_by_http(action: HttpAction, timeout: float) -> Result:
    """Ask by HTTP. As on a cluster a certificate is not looked at: it is the pod's own affair."""
    connection: http.client.HTTPConnection
    if action.tls:
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            action.host, action.port, timeout=timeout, context=trust
        )
    else:
        connection = http.client.HTTPConnection(action.host, action.port, timeout=timeout)
    try:
        with contextlib.closing(connection):
            headers = {"User-Agent": "kube-probe/1.34", "Accept": "*/*", **dict(action.headers)}
            connection.request("GET", quote(action.path, safe=_SAFE), headers=headers)
            status = connection.getresponse().status
    except http.client.HTTPException as error:
        return False, f"no answer in HTTP: {type(error).__name__}"
    good = 200 <= status < 400
    return good, "" if good else f"HTTP probe failed with statuscode: {status}"
