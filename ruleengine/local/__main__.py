"""The program of the process: ``python -m ruleengine.local --state DIR``."""

import argparse
import sys
from pathlib import Path

from ruleengine.local.server import configure_logging, serve
from ruleengine.model.errors import RuleEngineError, cannot_write


def main() -> int:
    """Serve the state folder that the command line names; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ruleengine.local", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the folder of the state")
    state = parser.parse_args().state
    configure_logging()
    try:
        serve(state.resolve())
    except RuleEngineError as error:
        return _tell(error)
    except OSError as error:
        what = error.filename or state
        return _tell(cannot_write(what, error, "check who owns it, or choose another --state"))
    except KeyboardInterrupt:
        return 0
    return 0


def _tell(error: RuleEngineError) -> int:
    sys.stderr.write(f"{error.message}\n  remedy: {error.remedy}\n")
    return int(error.exit_code)


if __name__ == "__main__":
    sys.exit(main())
