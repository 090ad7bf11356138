"""The client of a container engine: which command it is, and how one of its commands is run."""

import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final

VARIABLE: Final = "RULEENGINE_CONTAINER_ENGINE"
"""Names the engine, with options of its own; ``none`` for none."""

_ENGINES: Final = ("podman", "docker")
_OWN: Final = ("PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "DBUS_SESSION_BUS_ADDRESS")
_PREFIXES: Final = ("DOCKER_", "CONTAINER_", "CONTAINERS_", "PODMAN_", "XDG_", "REGISTRY_AUTH")
_PATIENCE: Final = 20.0


def find_engine(
    environment: Mapping[str, str], find: Callable[[str], str | None] = shutil.which
) -> tuple[str, ...]:
    """Return the command of the engine to use; empty where there is none, or none is wanted."""
    stated = shlex.split(environment.get(VARIABLE, ""))
    if stated == ["none"]:
        return ()
    candidates = [stated] if stated else [[one] for one in _ENGINES]
    return next((tuple(one) for one in candidates if find(one[0])), ())


class EngineClient:
    """Runs commands of an engine in what it needs of an ``environment``, never in all of it.

    ``run`` runs one to its end; it is there so that a test can look at what is asked.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        run: Callable[..., "subprocess.CompletedProcess[str]"],
    ) -> None:
        self._command = tuple(command)
        self.environment = {
            name: text
            for name, text in environment.items()
            if name in _OWN or name.startswith(_PREFIXES)
        }
        self._run = run

    def call(self, *arguments: str, patience: float = _PATIENCE) -> str:
        """Return what a command of the engine says. Raises ``OSError`` where it fails."""
        done = self.run(*arguments, patience=patience)
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise OSError(lines[-1] if lines else f"exit code {done.returncode}")
        return done.stdout

    def run(
        self, *arguments: str, patience: float = _PATIENCE
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of the engine to its end; one that cannot be run has failed."""
        command = [*self._command, *arguments]
        try:
            return self._run(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=patience,
                check=False,
            )
        except subprocess.TimeoutExpired:
            problem = f"it did not answer within {patience:g} seconds"
        except OSError as error:
            problem = str(error)
        return subprocess.CompletedProcess(command, 1, "", problem)
