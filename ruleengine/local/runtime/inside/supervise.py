"""The first process of a container once it is inside.

It starts the container's own process, moves its output into the log, starts others beside it when
told to, and reaps what they leave.

It is told by messages on a socket, each a JSON object: ``{"signal": 15}`` for the container's
process; ``{"exec": 7, "arguments": [...]}`` with descriptors of what it reads and writes, or with
``"tty": true`` of one terminal; ``{"attach": 8, "stdin": true}`` with descriptors for what the
container's process writes from now on; ``{"stop": 7}``; ``{"hang_up": 8}`` when no input comes any
more. It answers ``{"started": true}``, ``{"failure": "..."}`` where it could not start,
``{"attached": 8}``, with a descriptor of the process's input where it has one and that was asked
for, and ``{"exec": 7, "code": 0}``. When the socket is closed, whoever started it is gone, and it
ends.
"""

import contextlib
import fcntl
import json
import os
import resource
import selectors
import signal
import socket
import subprocess
import termios
from collections.abc import Callable
from typing import Any, Final

from ruleengine.local.runtime.inside import kernel, program, warm
from ruleengine.local.runtime.inside.output import Log, Output

START_FAILED: Final = 128
_LARGEST: Final = 1 << 16
_NOT_FOUND: Final = 127
_FIRST: Final = 2
_STREAMS: Final = 3


class Supervisor:
    """Runs one container to its end."""

    def __init__(self, spec: dict[str, Any], log: int, control: socket.socket) -> None:
        self._spec = spec
        self._log = Log(log)
        self._control = control
        self._main = 0
        # a Popen that is dropped reaps its process, and then nobody hears of its end
        self._kept: subprocess.Popen[bytes] | None = None
        self._others: dict[int, tuple[int, subprocess.Popen[bytes]]] = {}
        self._outputs: list[Output] = []
        self._input = -1
        self._signals: list[subprocess.Popen[bytes]] = []
        self._attached: dict[int, bool] = {}
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Return the exit code of the container, 128 + n where a signal ended its process.

        Raises ``OSError`` where it cannot be started.
        """
        wake, woken = socket.socketpair()
        for one in (wake, woken):
            one.setblocking(False)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        if not self._spec["isolated"]:
            kernel.adopt_orphans()
            os.makedirs(self._spec["working_directory"], exist_ok=True)  # noqa: PTH103
        self._selector.register(wake, selectors.EVENT_READ, lambda: _drain(wake))
        self._selector.register(self._control, selectors.EVENT_READ, self._obey)
        self._main = self._start_main()
        self._say({"started": True})
        code: int | None = None
        while code is None:
            for key, _ in self._selector.select():
                key.data()
            code = self._reap()
        self._end_others()
        for output in self._outputs:
            output.finish()
        return code

    def _start_main(self) -> int:
        """Start the container's own process; return its pid."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for name, most in self._spec["limits"].items():
            resource.setrlimit(getattr(resource, name), (most, most))
        if self._spec["terminal"] is not None:
            return self._start_on_terminal(*self._spec["terminal"])
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        arguments = self._spec["arguments"]
        source = subprocess.DEVNULL
        if self._spec["stdin"]:
            source, self._input = os.pipe()
        try:
            if self._spec["warm"] and warm.is_loaded():
                process = self._start_warm(arguments, out_end, err_end)
            else:
                process = self._keep(self._start(arguments, source, out_end, err_end))
        finally:
            for one in (out_end, err_end, *([source] if source >= 0 else ())):
                os.close(one)
        self._follow(Output(out, self._log, "stdout"))
        self._follow(Output(err, self._log, "stderr"))
        return process

    def _start_warm(self, arguments: list[str], out: int, err: int) -> int:
        """Run our own package, which is loaded already."""
        with open("/dev/null", "rb", buffering=0) as nothing:  # noqa: PTH123
            streams = nothing.fileno(), out, err
            spec = self._spec
            return warm.run(arguments, spec["environment"], spec["working_directory"], streams)

    def _start_on_terminal(self, master: int, terminal: int) -> int:
        arguments, first = self._spec["arguments"], _controlling(terminal)
        process = self._start(arguments, terminal, terminal, terminal, first)
        os.close(terminal)
        if self._spec["stdin"]:
            self._input = os.dup(master)
        self._follow(Output(master, self._log, "stdout"))
        return self._keep(process)

    def _keep(self, process: "subprocess.Popen[bytes]") -> int:
        """Return the pid; an object that nobody keeps would reap its process by itself."""
        self._kept = process
        return process.pid

    def _start(
        self, arguments: list[str], stdin: int, stdout: int, stderr: int, first: Any = None
    ) -> "subprocess.Popen[bytes]":
        environment = self._spec["environment"]
        found = program.find(arguments[0], environment.get("PATH"))
        if first is None and not self._spec["isolated"]:
            first = kernel.end_with_parent
        try:
            return subprocess.Popen(  # noqa: S603 - the container's own command; one thread
                arguments,
                executable=found,
                env=environment,
                cwd=self._spec["working_directory"],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                preexec_fn=first,  # noqa: PLW1509 - there is one thread
                process_group=0 if first is None else None,
            )
        except OSError as error:
            raise program.explain(error, arguments[0], found) from error

    def _follow(self, output: Output) -> None:
        def pump() -> None:
            if not output.pump():
                self._selector.unregister(output.source)

        self._outputs.append(output)
        self._selector.register(output.source, selectors.EVENT_READ, pump)

    def _obey(self) -> None:
        message, descriptors = b"", list[int]()
        with contextlib.suppress(ConnectionError):
            message, descriptors, _, _ = socket.recv_fds(self._control, _LARGEST, _STREAMS)
        if not message:
            # whoever could tell what becomes of this container is gone
            self._selector.unregister(self._control)
            self._signal_main(signal.SIGKILL)
            return
        asked = json.loads(message)
        if "signal" in asked:
            self._signal_main(asked["signal"])
        elif "stop" in asked:
            for number, process in self._others.values():
                if number == asked["stop"]:
                    os.kill(process.pid, signal.SIGKILL)
            self._detach(asked["stop"])
        elif "attach" in asked:
            self._attach(asked, descriptors)
        elif "hang_up" in asked:
            self._hang_up(asked["hang_up"])
        elif "exec" in asked:
            self._execute(asked, descriptors)

    def _signal_main(self, number: int) -> None:
        """Signal the container's process alone; its children are its own affair."""
        if "signal_with" in self._spec:
            command = [one.format(signal=number) for one in self._spec["signal_with"]]
            self._signals.append(self._start(command, *(subprocess.DEVNULL,) * _STREAMS))
            return
        # nobody but this process reaps it, so the pid is still its own
        os.kill(self._main, number)

    def _execute(self, asked: dict[str, Any], descriptors: list[int]) -> None:
        """Start another program beside the container's own."""
        number = asked["exec"]
        stdin, stdout, stderr = descriptors * _STREAMS if asked["tty"] else descriptors
        first = _controlling(stdin) if asked["tty"] else None
        try:
            process = self._start(asked["arguments"], stdin, stdout, stderr, first)
        except (OSError, ValueError) as error:
            with contextlib.suppress(OSError):  # who asked may be gone, and that harms nobody
                os.write(stderr, f"{error}\n".encode())
            self._say({"exec": number, "code": _NOT_FOUND})
            return
        finally:
            for one in descriptors:
                os.close(one)
        self._others[process.pid] = (number, process)

    def _attach(self, asked: dict[str, Any], descriptors: list[int]) -> None:
        """Let somebody see what the container's process writes, and write to it."""
        number, typing = asked["attach"], asked["stdin"] and self._input >= 0
        for output, target in zip(self._outputs, descriptors, strict=False):
            output.copy_to(number, target)
        for one in descriptors[len(self._outputs) :]:
            os.close(one)  # behind a terminal errors come with all else
        self._attached[number] = typing
        self._say({"attached": number}, *([self._input] if typing else ()))

    def _detach(self, number: int) -> None:
        """Take in that somebody who was there is gone."""
        if number not in self._attached:
            return
        self._hang_up(number)
        del self._attached[number]
        for output in self._outputs:
            output.drop(number)
        self._say({"exec": number, "code": 0})

    def _hang_up(self, number: int) -> None:
        """Close the input of a process that was to have one typist only, who has gone."""
        typing = self._attached.get(number, False)
        if typing and self._spec["stdin_once"] and self._input >= 0:
            os.close(self._input)
            self._input = -1

    def _reap(self) -> int | None:
        """Take in everything that has ended; return the main process's code if it has."""
        code = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return code
            if not pid:
                return code
            ended = os.waitstatus_to_exitcode(status)
            ended = ended if ended >= 0 else 128 - ended
            if pid == self._main:
                code = ended
            elif pid in self._others:
                number, _ = self._others.pop(pid)
                self._say({"exec": number, "code": ended})

    def _say(self, message: dict[str, Any], *descriptors: int) -> None:
        with contextlib.suppress(OSError):
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)

    def _end_others(self) -> None:
        """End what the container's process has left behind, so that nobody writes any more."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # the first process of a namespace, or the second behind bubblewrap: on the host
            # nobody who gets here has such a number, so this can end no process of the host
            if os.getpid() <= _FIRST:
                os.kill(-1, signal.SIGKILL)
            else:
                os.killpg(self._main, signal.SIGKILL)


def _controlling(terminal: int) -> Callable[[], None]:
    """Return what a new process does first, so that a terminal is its own."""

    def control() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    return control


def _drain(wake: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while wake.recv(4096):
            pass
