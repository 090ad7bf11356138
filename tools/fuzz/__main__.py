"""Throws mutated bytes at one language, or at one reader of the API machinery.

    python -m tools.fuzz --list
    python -m tools.fuzz gjson [--runs 100000] [--seconds 60]
    python -m tools.fuzz gjson --input build/fuzz/gjson-crash-…

The bytes are led by coverage (atheris, the extra ``fuzz``). Whatever is no ``ExpressionError``
or ``ValueError``, takes more than :data:`LONGEST` seconds or :data:`LARGEST` MB is written to
``build/fuzz/`` and ends the run. What was found worth keeping there is where the next run begins.
"""

import argparse
import hashlib
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LONGEST = 20
LARGEST = 4096
LONGEST_INPUT = 2048
"""How many bytes are tried at once."""

FOLDER = Path(__file__).parent.parent.parent / "build" / "fuzz"
_MISSING = "Fuzzing needs atheris: run  pip install --editable '.[fuzz]'"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", nargs="?", help="a language or a reader, as --list names them")
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--runs", type=int, default=-1, help="how many inputs to try")
    parser.add_argument("--seconds", type=int, default=0, help="how long to go on")
    parser.add_argument("--input", type=Path, help="try the bytes of this file, once")
    options = parser.parse_args(arguments)
    if options.list or not options.name or options.input:
        _without_atheris(parser, options)
        return
    try:
        atheris = importlib.import_module("atheris")
    except ModuleNotFoundError:
        sys.exit(_MISSING)
    with atheris.instrument_imports(include=["ruleengine"]):
        target = _target(parser, options.name)
    corpus = _corpus(options.name, target)
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-runs={options.runs}",
            f"-max_total_time={options.seconds}",
            f"-timeout={LONGEST}",
            f"-rss_limit_mb={LARGEST}",
            f"-max_len={LONGEST_INPUT}",
            f"-artifact_prefix={FOLDER}/{options.name}-",
        ],
        target.run,
    )
    atheris.Fuzz()


def _without_atheris(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.name and options.input:
        _target(parser, options.name).run(options.input.read_bytes())
        return
    print("\n".join(_targets()))


def _targets() -> dict[str, Any]:
    languages = importlib.import_module("tools.fuzz.languages").LANGUAGES
    machinery = importlib.import_module("tools.fuzz.machinery").MACHINERY
    return {**languages, **machinery}


def _target(parser: argparse.ArgumentParser, name: str) -> Any:
    """Return a target; imported only now, so that atheris can watch what it runs."""
    targets = _targets()
    if name not in targets:
        parser.error(f"no target {name!r}; there are {', '.join(targets)}")
    return targets[name]


def _corpus(name: str, target: Any) -> Path:
    """Return the folder of the inputs that are worth keeping, the seeds among them."""
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds:
        data = seed.encode()
        (folder / hashlib.sha256(data).hexdigest()).write_bytes(data)
    return folder


if __name__ == "__main__":
    main()
