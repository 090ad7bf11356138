"""``step plugin``: asks executor plugins to do the work of a template (reference 3.1).

They are asked one after the other until one does it. One that is not up yet, or that fails for
the moment, is asked again; what it then says is what the node says.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ruleengine.formats.go_durations import DurationError, parse_duration, to_timedelta
from ruleengine.model.values import Object
from ruleengine.services.http_calls import Call, CallError, Reply, send
from ruleengine.step.plan import FailedStepError, Plan, StepError, made

_METHOD: Final = "/api/v1/template.execute"
_SECONDS: Final = 30.0
_PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0)
"""Seconds between the attempts of one question."""

_USUAL_REQUEUE: Final = 10.0
"""Seconds until a plugin is asked again that has not ended and does not say when."""

_GOES_ON: Final = ("", "Pending", "Running")
_ENDS: Final = ("Succeeded", "Failed", "Error")
_LONGEST: Final = 200


class Done(NamedTuple):
    """What a plugin has come to: a phase of a node, its words, and the outputs."""

    phase: str
    message: str
    outputs: Object

    def judge(self) -> None:
        """Raise ``FailedStepError`` for a failure, ``StepError`` for an error."""
        if self.phase == "Failed":
            raise FailedStepError(self.message or "the plugin failed")
        if self.phase == "Error":
            raise StepError(self.message or "the plugin says that there was an error")


def write_tokens(plan: Plan) -> None:
    """Write the token by which each plugin tells that it is we who ask. Raises ``StepError``."""
    try:
        for one in plan.plugin["plugins"]:
            folder = plan.directory / one["name"]
            folder.mkdir(parents=True, exist_ok=True)
            token = folder / "token"
            token.write_text(secrets.token_urlsafe(32), encoding="utf-8")
            token.chmod(0o444)  # the plugin may run as another user
    except OSError as error:
        raise StepError(f"the tokens of plugins cannot be written: {error}") from error


def perform(plan: Plan, sleep: Callable[[float], None]) -> Done:
    """Ask one plugin after the other, the one that does the work until it is done.

    Raises ``StepError`` where none does it, or an answer is none.
    """
    names = []
    for plugin in plan.plugin["plugins"]:
        names.append(str(plugin["name"]))
        while (answer := _ask(plan, plugin, sleep)) is not None:
            node, requeue = answer
            if node.get("phase", "") not in _GOES_ON:
                return _done(plan, names[-1], node)
            sleep(requeue)
    raise StepError(
        f"no plugin executed the template; asked: {', '.join(names)}: apply the ConfigMap of the "
        "plugin that is meant"
    )


def _ask(
    plan: Plan, plugin: Mapping[str, Any], sleep: Callable[[float], None]
) -> tuple[Object, float] | None:
    """Return what a plugin answers; ``None`` where the work is not its own."""
    token = (plan.directory / plugin["name"] / "token").read_text(encoding="utf-8")
    call = Call(
        url=f"http://localhost:{plugin['port']}{_METHOD}",
        method="POST",
        headers=[("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")],
        body=json.dumps(plan.plugin["asked"]).encode(),
        seconds=_SECONDS,
    )
    problem = ""
    for pause in (*_PAUSES, None):
        try:
            reply = send(call)
        except CallError as error:
            problem = str(error)
        else:
            if reply.status == 404:
                return None
            if not _is_for_the_moment(reply.status):
                return _answer(plugin["name"], reply)
            problem = f"it answered {reply.status}{_said(reply)}"
        if pause is not None:
            sleep(pause)
    raise StepError(f"the plugin {plugin['name']} does not answer: {problem}")


def _is_for_the_moment(status: int) -> bool:
    """Tell whether another attempt may go better.

    Who refuses our token may be the plugin of another pod, which listens on the same port of
    this machine and ends soon.
    """
    return status >= 500 or status in (401, 403, 429)


def _answer(name: str, reply: Reply) -> tuple[Object, float] | None:
    if reply.status != 200:
        raise StepError(f"the plugin {name} answered {reply.status}{_said(reply)}")
    try:
        found = json.loads(reply.body or b"{}")
    except ValueError as error:
        raise StepError(f"the plugin {name} answered with no JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("node") or {}, dict):
        raise StepError(f"the plugin {name} answered with something else than a node")
    node = found.get("node")
    return (node, _seconds(name, found.get("requeue"))) if node else None


def _seconds(name: str, requeue: object) -> float:
    if not requeue:
        return _USUAL_REQUEUE
    try:
        return max(to_timedelta(parse_duration(str(requeue))).total_seconds(), 0.1)
    except DurationError as error:
        raise StepError(f"the plugin {name} says `requeue: {requeue}`: {error}") from error


def _done(plan: Plan, name: str, node: Object) -> Done:
    phase = str(node["phase"])
    if phase not in _ENDS:
        raise StepError(f"the plugin {name} answered with the phase {phase!r}; no step ends so")
    outputs = node.get("outputs") or {}
    given = outputs.get("parameters") or [] if isinstance(outputs, dict) else None
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise StepError(f"the plugin {name} answered with outputs that are none")
    values = {str(one.get("name")): str(one.get("value", "")) for one in given}
    declared = {str(one["name"]): one for one in plan.parameters}
    for key, one in declared.items():
        if key not in values and "default" in one:
            values[key] = str(one["default"])
        elif key not in values and phase == "Succeeded":
            raise StepError(f"the plugin {name} gave no output parameter {key!r}")
    if values:
        parameters = [made(declared.get(key, {"name": key}), text) for key, text in values.items()]
        outputs = {**outputs, "parameters": parameters}
    return Done(phase, str(node.get("message") or ""), outputs)


def _said(reply: Reply) -> str:
    text = reply.body.decode("utf-8", "replace").strip()
    return f": {text[:_LONGEST]}" if text else ""
