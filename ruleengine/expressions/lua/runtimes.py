"""Fresh Lua runtimes, one per evaluation: nothing that a script does outlives it.

Instructions are counted by a hook that a script can neither reach nor outlive by catching
errors. Seconds are counted too, for what one instruction does to a long text takes long.
"""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from ruleengine.expressions.language import ExpressionError, Limits

MEMORY: Final = 64 * 1024 * 1024
"""How many bytes the values of a script may take."""

INSTRUCTIONS_PER_STEP: Final = 100
_PER_TICK: Final = 1000
"""The hook's count of instructions; ``sandbox.lua`` has the same."""

NATIVE_WORK: Final = 10_000_000
"""How many comparisons the library's own pattern matching may need: a tenth of a second."""

_FOLDER: Final = Path(__file__).parent


class Guard:
    """Counts what a script takes, and remembers why it was ended."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ticks = limits.steps * INSTRUCTIONS_PER_STEP // _PER_TICK
        self._deadline = time.monotonic() + limits.seconds
        self.ended = ""

    def tick(self) -> bool:
        """Count a thousand instructions. Return whether the script must end."""
        self._ticks -= 1
        if not self.ended:
            if self._ticks < 0:
                self.ended = f"it takes more than {self._limits.steps} steps"
            elif time.monotonic() > self._deadline:
                self.ended = f"it takes more than {self._limits.seconds:g} seconds"
        return bool(self.ended)


class Runtime:
    """One runtime, prepared for one script."""

    def __init__(
        self, tick: Callable[[], bool], now: float | None = None, native_work: int = NATIVE_WORK
    ) -> None:
        # Lua's texts are bytes; as Latin-1 each byte is one character on this side.
        self._lua = _new()
        prepare = self._lua.compile(_sandbox())
        self._host = prepare(tick, now, native_work, _source("patterns.lua"))

    def problem(self, source: bytes) -> str | None:
        """Return why a text is no script, or ``None``."""
        fine, problem = self._host["compile"](source.decode("latin-1"))
        return None if fine else str(problem)

    def run(self, source: bytes, values: dict[str, Any]) -> tuple[bool, list[Any]]:
        """Run a script. Return whether it succeeded, and what it returned or why it failed.

        Raises ``MemoryError`` and the library's errors.
        """
        count, results = self._host["run"](
            source.decode("latin-1"), self._lua.table_from(values, recursive=True)
        )
        return bool(results[1]), [results[number] for number in range(2, int(count) + 1)]

    def is_array(self, table: Any) -> bool:
        """Tell whether a table says that it is an array."""
        return bool(self._host["is_array"](table))


def is_table(value: Any) -> bool:
    """Tell whether a value of Lua is a table."""
    kind: str | None = _library().lua_type(value)
    return kind == "table"


def lua_error() -> type[Exception]:
    """Return the base of the library's errors."""
    error: type[Exception] = _library().LuaError
    return error


def _new() -> Any:
    """Return a runtime of the library's."""
    return _library().LuaRuntime(
        encoding="latin-1",
        register_eval=False,
        register_builtins=False,
        max_memory=MEMORY,
        unpack_returned_tuples=True,
    )


@cache
def _sandbox() -> bytes:
    """Return what prepares a runtime, compiled once: reading it each time would take longest."""
    lua = _new()
    compiled = lua.eval("string.dump")(lua.compile(_source("sandbox.lua"), name=b"=sandbox"))
    return str(compiled).encode("latin-1")


@cache
def _source(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="ascii")


@cache
def _library() -> Any:
    try:
        from lupa import lua52
    except ImportError:
        raise ExpressionError(
            "Lua is missing from the installed lupa", hint="reinstall the package lupa"
        ) from None
    return lua52
