"""How long the languages inside of documents take: compiling, and evaluating once compiled.

    python benchmarks/expressions.py [--smoke]

The time is the processor time of the call alone, the fastest of many rounds, so that whatever
else the machine does is left out. Compiling is measured without its cache. Beside each stands
the ratio to Jinja doing the like, measured in the same sitting, so that numbers of different
machines can be compared. ``--smoke`` runs each once: that it runs, not how fast.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness import machine
from jinja2 import Environment

from ruleengine.expressions import expr, tags, when

ROUNDS = 40
SLICE_SECONDS = 0.01

CONDITION = "inputs.parameters.env == 'prod' && asInt(inputs.parameters.count) > 3"
LIKE_CONDITION = "inputs.parameters.env == 'prod' and inputs.parameters.count | int > 3"
VALUES = {"inputs": {"parameters": {"env": "prod", "count": "5"}}}
FILTER = "filter(items, {.size > 3 and .name startsWith 'a'}) | map(.name) | join(',')"
ITEMS = {"items": [{"name": f"a{number}", "size": number} for number in range(100)]}

LINE = "  - name: {{inputs.parameters.name}} image: {{workflow.parameters.image}} " + "x" * 40
TEXT = "\n".join([LINE] * (10 * 1024 // len(LINE)))
NAMES = {"inputs.parameters.name": "web", "workflow.parameters.image": "alpine:3"}
NESTED = {"inputs": {"parameters": {"name": "web"}}, "workflow": {"parameters": {"image": "a"}}}
WITH_EXPRESSIONS = TEXT.replace("{{inputs", "{{=inputs")
CONTAINER = {
    "name": "main",
    "image": "{{workflow.parameters.image}}",
    "args": ["run", "x" * 150, "{{inputs.parameters.name}}"],
    "env": [{"name": "MODE", "value": "y" * 60}],
}
OBJECT = {"spec": {"containers": [CONTAINER] * 30}}


@dataclass(frozen=True, slots=True)
class Claim:
    """What is measured, the like in Jinja if there is one, and the target in microseconds."""

    name: str
    run: Callable[[], Any]
    like: Callable[[], Any] | None = None
    target: float = 0.0


def claims() -> list[Claim]:
    """Return everything that is measured."""
    jinja = Environment(autoescape=True)
    like = jinja.compile_expression(LIKE_CONDITION)
    template = jinja.from_string(TEXT)
    condition = expr.compile(CONDITION, expr.WORKFLOWS)
    chosen = expr.compile(FILTER)
    scope = tags.Scope(NAMES)
    return [
        Claim(
            "expr: compile a condition",
            lambda: expr.compile.__wrapped__(CONDITION, expr.WORKFLOWS),
            lambda: jinja.compile_expression(LIKE_CONDITION),
            300,
        ),
        Claim("expr: evaluate it", lambda: condition.eval(VALUES), lambda: like(**VALUES), 15),
        Claim("expr: filter and map 100 items", lambda: chosen.eval(ITEMS)),
        Claim("when: a condition, once", lambda: when.compile.__wrapped__("prod == prod && 5 > 3")),
        Claim(
            "tags: compile 10 KB",
            lambda: tags.compile.__wrapped__(TEXT),
            lambda: jinja.from_string(TEXT),
        ),
        Claim(
            "tags: replace in 10 KB of text",
            lambda: tags.replace(TEXT, scope),
            lambda: template.render(NESTED),
            200,
        ),
        Claim(
            "tags: replace in an object of 10 KB", lambda: tags.replace(OBJECT, scope), None, 200
        ),
        Claim("tags: half of them expressions", lambda: tags.replace(WITH_EXPRESSIONS, scope)),
    ]


def fastest(run: Callable[[], Any], rounds: int) -> float:
    """Return the microseconds that one call takes at best."""
    begin = time.process_time()
    run()
    once = max(time.process_time() - begin, 1e-6)
    count = max(1, int(SLICE_SECONDS / once)) if rounds > 1 else 1
    best = float("inf")
    for _ in range(rounds):
        begin = time.process_time()
        for _ in range(count):
            run()
        best = min(best, (time.process_time() - begin) / count)
    return best * 1_000_000


def report(measured: list[Claim]) -> None:
    """Measure and print."""
    rounds = 1 if "--smoke" in sys.argv[1:] else ROUNDS
    print(machine() + "\n")
    print("| what | us | x Jinja | target us |")
    print("|---|---|---|---|")
    for one in measured:
        took = fastest(one.run, rounds)
        ratio = f"{took / fastest(one.like, rounds):.2f}" if one.like else ""
        print(
            f"| {one.name} | {took:.1f} | {ratio} | {f'{one.target:.0f}' if one.target else ''} |"
        )


if __name__ == "__main__":
    report(claims())
