"""The server's end of the launcher: containers are started, signalled and heard of.

One thread listens to the launcher and to the first process of every container, so that the end of
a container is known when it happens, without asking.
"""

import contextlib
import errno
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import ruleengine
from ruleengine.formats import json_text

_LARGEST: Final = 1 << 16
"""Bytes of a message; the other end takes in no more, and ends for what it cannot read."""

_START_FAILED: Final = 128
_KILLED: Final = 137
_PROGRAM: Final = (
    "import sys; sys.path.append(sys.argv.pop()); "
    "from ruleengine.local.runtime.inside.launcher import main; sys.exit(main())"
)
_PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends a container that is no process of ours: a command, and its environment."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What the launcher needs to start a container.

    ``specification`` is read by the first process, which is forked into ``namespaces``, or
    started by a program: ``command`` with the numbers of three descriptors behind it.
    """

    specification: bytes = field(repr=False)
    log: int
    namespaces: int = 0
    command: Sequence[str] = ()
    groups: Sequence[str] = ()
    """The folders of the control group that it is to be in."""
    ending: Ending | None = None


class Contained:
    """A container that was started. ``ended`` is called once, from the listening thread."""

    def __init__(
        self,
        control: socket.socket,
        ended: Callable[["Contained"], None],
        *,
        elsewhere: bool = False,
    ) -> None:
        self._elsewhere = elsewhere
        self._control = control
        self._ended = ended
        self._lock = threading.Lock()
        self._process = -1
        self._killed = False
        self._executions: dict[int, Callable[[int], None]] = {}
        self._attaching: dict[int, Callable[[int | None], None]] = {}
        self._numbers = 0
        self.over = threading.Event()
        self.started = False
        self.code: int | None = None
        self.failure = ""

    def signal(self, number: int) -> None:
        """Signal the container's own process."""
        self._tell({"signal": number})

    def kill(self) -> None:
        """End the container with everything in it."""
        with self._lock:
            self._killed = True
            self._kill()

    def _kill(self) -> None:
        self._tell({"signal": int(signal.SIGKILL)})
        # what runs elsewhere is ended by its first process, which is needed for that
        if self._process >= 0 and not self._elsewhere:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def execute(
        self,
        arguments: Sequence[str],
        streams: Sequence[int],
        done: Callable[[int], None],
    ) -> Callable[[], None]:
        """Start another process inside; return what stops it. ``done`` gets its exit code.

        ``streams`` are what it reads and what it writes, or one terminal. ``done`` is called from
        the listening thread, with 137 where the container ends first. Raises ``OSError`` for
        arguments that are too long to be passed on.
        """
        with self._lock:
            if self.code is not None:
                done(_KILLED)
                return lambda: None
            self._numbers += 1
            number = self._numbers
            asked = {"exec": number, "arguments": list(arguments), "tty": len(streams) == 1}
            _message(asked)  # before anybody waits for its end
            self._executions[number] = done
        self._tell(asked, *streams)
        return lambda: self._tell({"stop": number})

    def attach(
        self,
        streams: Sequence[int],
        ready: Callable[[int | None], None],
        done: Callable[[int], None],
        *,
        stdin: bool,
    ) -> int:
        """Have what the process writes copied to ``streams``; return a number for it.

        ``ready`` gets where its input can be written, ``None`` where it cannot; ``done`` is
        called once nothing more comes. Both are called from the listening thread.
        """
        with self._lock:
            if self.code is not None:
                raise ProcessLookupError("the container has ended")
            self._numbers += 1
            number = self._numbers
            self._executions[number] = done
            self._attaching[number] = ready
        self._tell({"attach": number, "stdin": stdin}, *streams)
        return number

    def detach(self, number: int) -> None:
        """Have nothing copied any more."""
        self._tell({"stop": number})

    def hang_up(self, number: int) -> None:
        """Say that no more input comes from whoever has this number."""
        self._tell({"hang_up": number})

    def _tell(self, message: dict[str, Any], *descriptors: int) -> None:
        with contextlib.suppress(OSError):
            socket.send_fds(self._control, [_message(message)], descriptors)

    def take(self, message: bytes, descriptors: Sequence[int]) -> None:
        """Take in a message; a first process that says what none of ours would is ended."""
        try:
            self._hear(json_text.loads(message), descriptors)
        except (ValueError, TypeError, LookupError):
            self.failure = "the first process of the container said what it never says"
            self.kill()

    def _hear(self, message: dict[str, Any], descriptors: Sequence[int]) -> None:
        if "attached" in message:
            with self._lock:
                ready = self._attaching.pop(message["attached"], None)
            if ready is not None:
                ready(*(descriptors or (None,)))
                return
        for one in descriptors:
            os.close(one)
        if "started" in message:
            self.started = True
        elif "failure" in message:
            self.failure = str(message["failure"])
        elif "exec" in message:
            with self._lock:
                done = self._executions.pop(message["exec"], None)
            if done is not None:
                done(int(message["code"]))

    def begin(self, process: int) -> None:
        """Take in which process it is, as a descriptor."""
        with self._lock:
            self._process = process
            if self._killed:
                self._kill()

    def end(self, code: int, failure: str = "") -> None:
        """Take in that it has ended, and pass it on."""
        self._control.setblocking(False)
        with contextlib.suppress(OSError):
            while heard := _received(self._control):
                self.take(*heard)
        with self._lock:
            self.code = code if code >= 0 else 128 - code
            self.failure = self.failure or failure
            waiting, self._executions = list(self._executions.values()), {}
            attaching, self._attaching = list(self._attaching.values()), {}
            if self._process >= 0:
                os.close(self._process)
                self._process = -1
        for ready in attaching:
            ready(None)
        for done in waiting:
            done(_KILLED)
        self._ended(self)
        self.over.set()


class LauncherProcess:
    """The launcher of this server; it is started when it is first needed, and again if it ends.

    ``started`` is told its pid each time; ``loads`` is what it loads before it forks, as
    :func:`ruleengine.local.runtime.inside.warm.load` takes it.
    """

    def __init__(
        self,
        started: Callable[[int], None] = lambda _: None,
        loads: Mapping[str, Any] | None = None,
    ) -> None:
        self._loads = json_text.dumps(loads or {})
        self._told = started
        self._lock = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._known: dict[int, tuple[Contained, socket.socket]] = {}
        self._numbers = 0
        self._selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._thread: threading.Thread | None = None

    def launch(self, asked: Launch, ended: Callable[[Contained], None]) -> Contained:
        """Start a container. Raises ``OSError`` where the launcher cannot be told to."""
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        given = _in_memory(asked.specification)
        found = Contained(control, ended, elsewhere=asked.ending is not None)
        with self._lock, theirs:
            self._numbers += 1
            number = self._numbers
            message: dict[str, Any] = {"id": number, "groups": list(asked.groups)}
            message["namespaces"] = asked.namespaces
            if asked.command:
                message["command"] = list(asked.command)
            if asked.ending is not None:
                message["ending"] = {
                    "command": list(asked.ending.command),
                    "environment": dict(asked.ending.environment),
                }
            try:
                sent = _message(message)
                channel = self._connected()
                self._known[number] = found, control
                self._selector.register(control, selectors.EVENT_READ, found)
                descriptors = [given, asked.log, theirs.fileno()]
                socket.send_fds(channel, [sent], descriptors)
            except OSError:
                if self._known.pop(number, None) is None:
                    control.close()
                raise
            finally:
                os.close(given)
        return found

    def close(self) -> None:
        """End the launcher and every container; each is heard of before this returns."""
        with self._lock:
            program, channel = self._program, self._channel
        if program is None or channel is None:
            return
        with contextlib.suppress(OSError):
            channel.shutdown(socket.SHUT_WR)
        try:
            program.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
        if self._thread is not None:
            self._thread.join()

    def _connected(self) -> socket.socket:
        """Return the socket of a launcher that runs, started where there is none."""
        if self._channel is not None:
            return self._channel
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        package = str(Path(ruleengine.__file__).parent.parent)
        program = [sys.executable, "-I", "-S", "-c", _PROGRAM]
        with theirs:
            self._program = subprocess.Popen(  # noqa: S603 - our own program
                [*program, str(theirs.fileno()), self._loads, package],
                pass_fds=(theirs.fileno(),),
                env={"PATH": os.environ.get("PATH", os.defpath)},
                cwd="/",
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._told(self._program.pid)
        self._channel = ours
        self._selector = selectors.DefaultSelector()
        self._selector.register(ours, selectors.EVENT_READ)
        self._thread = threading.Thread(
            target=self._listen, args=(self._selector, ours), name="containers", daemon=True
        )
        self._thread.start()
        return ours

    def _listen(self, selector: selectors.BaseSelector, channel: socket.socket) -> None:
        while True:
            for key, _ in selector.select():
                if isinstance(key.data, Contained):
                    self._hear(selector, key)
                elif not self._take(selector, channel):
                    self._lost(selector, channel)
                    return

    def _hear(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        control, found = key.fileobj, key.data
        if not isinstance(control, socket.socket) or control.fileno() < 0:
            return  # its end was heard of in the same round
        heard = None
        with contextlib.suppress(ConnectionError):  # it ended before it had read everything
            heard = _received(control)
        if heard:
            found.take(*heard)
        else:
            selector.unregister(control)

    def _take(self, selector: selectors.BaseSelector, channel: socket.socket) -> bool:
        """Take in one message of the launcher; return false where it is gone."""
        try:
            message, descriptors, _, _ = socket.recv_fds(channel, _LARGEST, 1)
        except ConnectionError:
            return False
        if not message:
            return False
        told = json_text.loads(message)
        found, control = self._known[told["id"]]
        if "pid" in told:
            found.begin(descriptors[0])
            return True
        with self._lock:
            del self._known[told["id"]]
        self._finish(selector, found, control, told)
        return True

    def _finish(
        self,
        selector: selectors.BaseSelector,
        found: Contained,
        control: socket.socket,
        told: dict[str, Any],
    ) -> None:
        with contextlib.suppress(KeyError):
            selector.unregister(control)
        found.end(told.get("code", _START_FAILED), told.get("failure", ""))
        control.close()

    def _lost(self, selector: selectors.BaseSelector, channel: socket.socket) -> None:
        """Take in that the launcher has ended: with it, every container."""
        with self._lock:
            known, self._known = self._known, {}
            self._channel = None
            if self._program is not None:
                self._program.wait()
        for found, control in known.values():
            self._finish(selector, found, control, {"code": -signal.SIGKILL})
        selector.close()
        channel.close()


def _message(told: dict[str, Any]) -> bytes:
    """Return what is sent of a message. Raises ``OSError`` for one that is too long."""
    found = json_text.dump_bytes(told)
    if len(found) > _LARGEST:
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
    return found


def _received(control: socket.socket) -> tuple[bytes, list[int]] | None:
    """Return what a first process says, with its descriptors; ``None`` where it is gone."""
    message, descriptors, _, _ = socket.recv_fds(control, _LARGEST, 1)
    return (message, descriptors) if message else None


def _in_memory(content: bytes) -> int:
    """Return a file in memory: the secrets of an environment never reach a disk."""
    descriptor = os.memfd_create("specification")
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
