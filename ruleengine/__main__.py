"""The way in: ``ruleengine``, and ``python -m ruleengine``."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line. Ctrl-C is no traceback, not even while modules are imported."""
    try:
        from ruleengine.cli.main import main as run
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
