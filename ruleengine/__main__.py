"""The way in: ``ruleengine``, and ``python -m ruleengine``.

Ctrl-C is no traceback, not even while modules are imported and while the interpreter ends: a
command takes it by itself, and around it nothing is there yet that had to be left in order.
Only what every interpreter has loaded is imported here, so that this begins at once.
"""

import os

_INTERRUPTED = 130


def _leave(number: int = 0, frame: object = None) -> None:
    """End the process here and now: an exception could be lost inside of an import."""
    del number, frame
    os.write(2, b"interrupted\n")
    os._exit(_INTERRUPTED)


def main() -> None:
    """Run the command line. Whoever had started us ignoring Ctrl-C goes on ignoring it."""
    try:
        import signal

        if ours := signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _leave)
        from ruleengine.cli.main import main as run

        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            run()
        finally:
            if ours:
                signal.signal(signal.SIGINT, _leave)
    except KeyboardInterrupt:  # before the first handler, or between two of them
        _leave()


if __name__ == "__main__":
    main()
