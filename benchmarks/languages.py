"""How long paths, patterns, schedules, scripts and rules take: compiling, and once compiled.

    python benchmarks/languages.py [--smoke]

Measured as in ``expressions.py``; beside each stands the ratio to what does the like: Python's
``re`` for patterns, reading the whole JSON for paths, Jinja for rules. jq runs in a process of its
own, so its time is that of the clock.
"""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from expressions import Claim, report
from jinja2 import Environment

from ruleengine.expressions import cel, cron, gjson, jq, jsonpath, lua, regular, sjson

EVENT = json.dumps(
    {
        "header": {"X-Event": ["push"], "Content-Type": ["application/json"]},
        "body": {
            "ref": "refs/heads/main",
            "commits": [
                {"id": f"{number:040x}", "author": {"name": f"a{number}"}, "added": ["x", "y"]}
                for number in range(60)
            ],
            "repository": {"name": "web", "id": 12345678901234567890},
        },
    }
)
DEPLOYMENT = {
    "spec": {"replicas": 3, "paused": False},
    "status": {
        "replicas": 3,
        "conditions": [
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
        ],
    },
}
PODS = {"items": [{"metadata": {"name": f"pod-{number}"}} for number in range(100)]}
HEALTH = """
local health = {status = "Progressing", message = ""}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for _, condition in ipairs(obj.status.conditions) do
    if condition.type == "Available" and condition.status == "True" then
      health.status, health.message = "Healthy", condition.reason
    end
  end
end
return health
"""
RULE = "self.spec.replicas <= 5 && self.status.conditions.exists(c, c.type == 'Available')"
LIKE_RULE = "it.spec.replicas <= 5 and it.status.conditions | selectattr('type', 'eq', 'x') | list"
PATTERN = r"^refs/heads/(main|release-[0-9.]+)$"
RANGE = '{range .items[*]}{.metadata.name}{"\\n"}{end}'


def patterns_and_schedules() -> list[Claim]:
    """Return the claims of regular expressions and cron."""
    pattern, like = regular.compile(PATTERN), re.compile(PATTERN)
    long = "word " * 2000
    words, like_words = regular.compile(r"\w+"), re.compile(r"\w+")
    schedule = cron.compile("30 2 * * 1-5")
    at = datetime(2026, 3, 27, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    never = cron.compile("0 0 31 2 *")
    return [
        Claim("regular: compile", lambda: regular.compile.__wrapped__(PATTERN)),
        Claim(
            "regular: match a ref",
            lambda: pattern.matches("refs/heads/release-1.2"),
            lambda: like.search("refs/heads/release-1.2"),
        ),
        Claim(
            "regular: find 2,000 words",
            lambda: sum(1 for _ in words.find_all(long)),
            lambda: sum(1 for _ in like_words.finditer(long)),
        ),
        Claim("cron: compile", lambda: cron.compile.__wrapped__("30 2 * * 1-5")),
        Claim("cron: the next time, over a change of clocks", lambda: schedule.next(at)),
        Claim("cron: the time before", lambda: schedule.previous(at)),
        Claim("cron: no time in five years", lambda: never.next(datetime(2026, 1, 1, tzinfo=UTC))),
    ]


def paths() -> list[Claim]:
    """Return the claims of paths into JSON and into values."""
    document = gjson.Document(EVENT)
    size = f"{len(EVENT) // 1024} KB"

    def read() -> Any:
        return json.loads(EVENT)

    names = jsonpath.compile(RANGE)
    return [
        Claim(f"gjson: check a document of {size}", lambda: gjson.Document(EVENT), read),
        Claim("gjson: a key near its start", lambda: document.get("body.ref"), read),
        Claim("gjson: a key at its end", lambda: document.get("body.repository.name"), read),
        Claim(
            "gjson: query 60 elements",
            lambda: document.get('body.commits.#(author.name=="a59").id'),
            read,
        ),
        Claim("gjson: a part of each", lambda: document.get("body.commits.#.author.name"), read),
        Claim("sjson: set a key", lambda: sjson.compile("body.ref").set(EVENT, "x"), read),
        Claim("jsonpath: compile a range", lambda: jsonpath.compile.__wrapped__(RANGE)),
        Claim("jsonpath: print 100 names", lambda: names.eval({"input": PODS})),
    ]


def scripts_and_rules() -> list[Claim]:
    """Return the claims of Lua and CEL."""
    jinja = Environment(autoescape=True)
    health = lua.compile(HEALTH, lua.Dialect.CD)
    rule, like = cel.compile(RULE), jinja.compile_expression(LIKE_RULE)
    env = {"self": DEPLOYMENT, "oldSelf": None}
    return [
        Claim("lua: compile a health check", lambda: lua.compile.__wrapped__(HEALTH)),
        Claim("lua: run it in its own runtime", lambda: health.eval({"obj": DEPLOYMENT})),
        Claim(
            "cel: compile a rule",
            lambda: cel.compile.__wrapped__(RULE),
            lambda: jinja.compile_expression(LIKE_RULE),
        ),
        Claim("cel: evaluate it", lambda: rule.holds(env), lambda: like(it=DEPLOYMENT)),
    ]


def processes(rounds: int) -> None:
    """Measure jq by the clock and print it."""
    begin = time.perf_counter()
    program = jq.compile("{ref: .body.ref, ids: [.body.commits[].id]}")
    first = time.perf_counter() - begin
    value = json.loads(EVENT)
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        program.run(value)
        best = min(best, time.perf_counter() - begin)
    print(f"| jq: start its process and compile | {first * 1e6:.0f} |  |  |")
    print(f"| jq: transform an event | {best * 1e6:.0f} |  |  |")


def main() -> None:
    """Measure and print."""
    report([*patterns_and_schedules(), *paths(), *scripts_and_rules()])
    processes(50)


if __name__ == "__main__":
    main()
