"""The program of a jq worker: it evaluates what it reads, one request and one answer a line.

It is run by its path, isolated, and imports nothing of the package, so that it starts quickly.
A request that takes too long is ended from outside; where nobody is left to do that, the alarm
that is set for each request ends the process, even in the middle of the library's own code.
"""

import json
import os
import resource
import signal
import sys
from collections import OrderedDict
from itertools import islice
from typing import Any

import jq

_MEMORY = 1 << 30
_GRACE = 5.0
"""How many seconds longer than the limit an unattended request may take."""
_KEPT = 256

PRELUDE = (
    'def now: error("there is no clock here");'
    ' def input: error("there is one input only"); def inputs: empty;'
    " def input_filename: null; def debug: .; def debug(f): .; def stderr: .;\n"
)
"""What the library would take from the surroundings. Behind definitions, nothing can import."""


def main() -> None:
    """Answer requests until there are none."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    os.environ.clear()  # programs can read it
    programs: OrderedDict[str, Any] = OrderedDict()
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["seconds"] + _GRACE)
        answer = _answer(request, programs)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answer(request: dict[str, Any], programs: "OrderedDict[str, Any]") -> dict[str, Any]:
    text = request["program"]
    program = programs.get(text)
    if program is None:
        try:
            program = jq.compile(PRELUDE + text)
        except ValueError as error:
            return {"compile": str(error)}
        programs[text] = program
        if len(programs) > _KEPT:
            programs.popitem(last=False)
    if "input" not in request:
        return {"outputs": []}
    try:
        return {"outputs": list(islice(program.input_text(request["input"]), request["most"]))}
    except (ValueError, RecursionError, MemoryError) as error:
        return {"error": str(error) or type(error).__name__}


if __name__ == "__main__":
    main()
