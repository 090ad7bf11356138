"""Workflows at random: templates in templates, with all that makes one wait for another."""

from random import Random
from typing import Final

from ruleengine.model.values import Object

_CHANGES: Final[tuple[Object | None, ...]] = (
    None,
    {"shutdown": "Stop"},
    {"shutdown": "Terminate"},
    {"activeDeadlineSeconds": 5},
)
_CONDITIONS: Final = ("a == a", "a == b", "'{{workflow.status}}' == 'Running'")
_RESULTS: Final = ("", ".Succeeded", ".Failed", ".Skipped", ".Omitted")


def random_spec(chance: Random) -> Object:
    """Return the spec of a workflow; every template calls those before it."""
    templates = [_limited(chance, _leaf(chance, f"leaf{one}")) for one in range(3)]
    for number in range(chance.randint(1, 3)):
        known = [str(one["name"]) for one in templates]
        template: Object = {"name": f"main{number}"}
        if chance.random() < 0.5:
            template["steps"] = _steps(chance, known)
        else:
            template["dag"] = {"tasks": _tasks(chance, known), "failFast": chance.random() < 0.7}
        templates.append(_limited(chance, template))
    names = [str(one["name"]) for one in templates]
    spec: Object = {"entrypoint": names[-1], "templates": templates}
    if chance.random() < 0.3:
        spec["onExit"] = chance.choice(names)
    if chance.random() < 0.2:
        spec["parallelism"] = chance.randint(1, 2)
    return spec


def random_change(chance: Random) -> Object | None:
    """Return what somebody changes of the spec on the way, if anything."""
    return chance.choice(_CHANGES)


def _leaf(chance: Random, name: str) -> Object:
    if chance.random() < 0.1:
        return {"name": name, "suspend": {"duration": str(chance.randint(0, 5))}}
    template: Object = {"name": name, "container": {"image": "alpine", "command": ["work"]}}
    if chance.random() < 0.15:
        template["daemon"] = True
    if chance.random() < 0.2:
        template["timeout"] = f"{chance.randint(1, 9)}s"
    if chance.random() < 0.2:
        made = {"name": "made", "valueFrom": {"path": "/made", "default": ""}}
        template["outputs"] = {"parameters": [made]}
    if chance.random() < 0.1:
        template["memoize"] = {"key": name, "cache": {"configMap": {"name": "cache"}}}
    return template


def _limited(chance: Random, template: Object) -> Object:
    """Return a template with retries, locks and limits."""
    if chance.random() < 0.3:
        strategy: Object = {"limit": chance.randint(0, 2)}
        if chance.random() < 0.5:
            strategy["backoff"] = {"duration": str(chance.randint(1, 6)), "maxDuration": "9s"}
        template["retryStrategy"] = strategy
    if chance.random() < 0.15:
        template["synchronization"] = {"mutexes": [{"name": template["name"]}]}
    if "steps" in template or "dag" in template:
        if chance.random() < 0.3:
            template["parallelism"] = chance.randint(1, 2)
        template["failFast"] = chance.random() < 0.2
    return template


def _call(chance: Random, name: str, known: list[str]) -> Object:
    call: Object = {"name": name, **_named(chance, known)}
    if chance.random() < 0.25:
        call["withSequence"] = {"count": chance.randint(0, 3)}
    if chance.random() < 0.15:
        call["when"] = chance.choice(_CONDITIONS)
    if chance.random() < 0.15:
        call["onExit"] = chance.choice(known)
    if chance.random() < 0.15:
        expression = chance.choice(["true", "false"])
        call["hooks"] = {"now": {"template": chance.choice(known), "expression": expression}}
    return call


def _named(chance: Random, known: list[str]) -> Object:
    """Return what a step runs: a template by its name, or one written in place."""
    if chance.random() < 0.85:
        return {"template": chance.choice(known)}
    inline = _limited(chance, _leaf(chance, "inline"))
    return {"inline": {key: inline[key] for key in inline if key not in ("name", "memoize")}}


def _steps(chance: Random, known: list[str]) -> list[list[Object]]:
    groups = [
        [_call(chance, f"s{group}{one}", known) for one in range(chance.randint(1, 2))]
        for group in range(chance.randint(1, 2))
    ]
    for call in (one for group in groups for one in group):
        call["continueOn"] = {"failed": chance.random() < 0.2}
    return groups


def _tasks(chance: Random, known: list[str]) -> list[Object]:
    tasks: list[Object] = []
    for number in range(chance.randint(1, 4)):
        task = _call(chance, f"t{number}", known)
        if tasks and chance.random() < 0.7:
            asked = chance.sample(tasks, chance.randint(1, min(2, len(tasks))))
            named = [f"{one['name']}{chance.choice(_RESULTS)}" for one in asked]
            task["depends"] = chance.choice([" && ", " || "]).join(named)
        tasks.append(task)
    return tasks
