"""How long rules take: per kind of document, and for the mix of a generated repo.

    python benchmarks/rules.py [DOCUMENTS]

The time is the processor time of ``evaluate_document`` alone, without reading files, in
microseconds per document: the fastest of many rounds over a few documents at a time, so
that whatever else the machine does is left out. ``first`` is the very
first document of its kind in the process, which compiles the rules that it meets. Beside
each stands the ratio to Jinja rendering one trivial template, measured in the same
sitting, so that numbers of different machines can be compared.
"""

import gc
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from generate import documents
from harness import machine
from jinja2 import Template

from ruleengine.formats import yaml_reader
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.documents import Document
from ruleengine.rules.evaluation import evaluate_document
from ruleengine.rules.loading import load_sources
from ruleengine.rules.ruleset import RuleSet

DOCUMENTS = 400
ROUNDS = 25
SLICE = 5
TARGET = 100.0
"""Microseconds a document."""

_DEFAULTS = {"Application": {"spec": {"project": "default"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one kind of document costs, in microseconds per document."""

    name: str
    count: int
    first: float
    best: float


def main() -> None:
    """Measure and print."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS
    rules, loading = _loaded()
    kinds = [_measure(name, some, rules) for name, some in _by_kind(number).items()]
    count = sum(one.count for one in kinds)
    mix = sum(one.best * one.count for one in kinds) / count
    trivial = _trivial_template()
    print(machine())
    print(f"loading the built-in rules: {loading / 1000:.1f} ms")
    print(f"rendering `Hello {{{{ name }}}}` with Jinja: {trivial:.1f} µs\n")
    print("| kind of document | documents | first µs | µs | x trivial template | target µs |")
    print("|---|---|---|---|---|---|")
    for one in (*kinds, Measured(name="the mix", count=count, first=0, best=mix)):
        first = f"{one.first:.0f}" if one.first else ""
        ratio = one.best / trivial
        print(
            f"| {one.name} | {one.count} | {first} | {one.best:.0f} | {ratio:.1f} | {TARGET:.0f} |"
        )


def _loaded() -> tuple[RuleSet, float]:
    begin = time.process_time()
    rules = load_sources([], Engine.NATIVE).rules
    return rules, _microseconds(begin)


def _by_kind(number: int) -> dict[str, list[Document]]:
    """Return the documents of a generated repo by kind; short forms by their folder."""
    kinds: dict[str, list[Document]] = defaultdict(list)
    for path, text in documents(number):
        for index, one in enumerate(yaml_reader.read(text.encode(), path).documents):
            document = Document(
                path=path,
                index=index,
                line=one.line,
                blob="0" * 40,
                value=one.value,
                locator=one.locator,
            )
            # Places are found on the first question: that is the reader's time, not ours.
            document.place()
            short = f"short form in {document.folder}/"
            kinds[document.value.get("kind", short)].append(document)
    return kinds


def _measure(name: str, some: list[Document], rules: RuleSet) -> Measured:
    configuration = Configuration()

    def evaluate(several: list[Document]) -> None:
        for document in several:
            evaluate_document(document, _DEFAULTS, configuration, rules)

    gc.collect()  # of the documents made before: not in the middle of what is measured
    begin = time.process_time()
    evaluate(some[:1])
    first = _microseconds(begin)
    slices = [some[at : at + SLICE] for at in range(0, len(some), SLICE)]
    best = sum(_fastest(lambda part=part: evaluate(part)) for part in slices) / len(some)
    return Measured(name=name, count=len(some), first=first, best=best)


def _trivial_template() -> float:
    template = Template("Hello {{ name }}")
    times = 1000

    def render() -> None:
        for _ in range(times):
            template.render(name="world")

    return _fastest(render) / times


def _fastest(run: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        run()
        times.append(_microseconds(begin))
    return min(times)


def _microseconds(begin: float) -> float:
    return (time.process_time() - begin) * 1e6


if __name__ == "__main__":
    main()
