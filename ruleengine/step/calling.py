"""``step http``: makes the call of an ``http`` template, and judges its reply (reference 3.1)."""

import base64
from collections.abc import Mapping
from typing import Any, Final

from ruleengine.expressions import expr
from ruleengine.expressions.expr.dialects import WORKFLOWS
from ruleengine.expressions.language import ExpressionError
from ruleengine.model.values import Object, lookup
from ruleengine.services.http_calls import Call, CallError, Reply, send
from ruleengine.step.plan import FailedStepError, Plan, StepError

_SECONDS: Final = 30
_LARGEST: Final = 256 * 1024


def perform(plan: Plan, environment: Mapping[str, str]) -> Object:
    """Make the call; return the outputs: the result is the body of the reply.

    Raises ``FailedStepError`` for a reply that is none of success, ``StepError`` where there is
    none at all, and for a condition that is none.
    """
    stated = plan.http
    call = call_of(stated, environment)
    try:
        reply = send(call)
    except CallError as error:
        raise StepError(str(error)) from error
    condition = str(stated.get("successCondition") or "")
    if condition and not _holds(condition, call, reply):
        raise FailedStepError(f"successCondition '{condition}' evaluated false")
    if not condition and not 200 <= reply.status < 300:
        raise FailedStepError(f"received non-2xx response code: {reply.status}")
    if plan.reports and len(reply.body) > _LARGEST:
        raise StepError(f"the reply has more than {_LARGEST} bytes, which no result may have")
    return {"result": reply.body.decode("utf-8", errors="replace")}


def call_of(stated: Object, environment: Mapping[str, str]) -> Call:
    """Return the call that a template states; secret headers stand in the environment.

    Raises ``StepError``.
    """
    body = str(stated.get("body") or "").encode()
    if encoded := lookup(stated, "bodyFrom", "bytes"):
        try:
            body = base64.b64decode(str(encoded), validate=True)
        except ValueError as error:
            raise StepError(f"`bodyFrom.bytes` is no base64: {error}") from error
    seconds = stated.get("timeoutSeconds") or _SECONDS
    if not isinstance(seconds, int | float) or seconds < 0:
        raise StepError(f"`timeoutSeconds` must be a number of seconds, not {seconds!r}")
    return Call(
        url=str(stated.get("url") or ""),
        method=str(stated.get("method") or "GET"),
        headers=[
            (str(one["name"]), str(_value(one, environment))) for one in stated.get("headers") or ()
        ],
        body=body,
        seconds=float(seconds),
        verifies=not stated.get("insecureSkipVerify"),
    )


def _value(header: Object, environment: Mapping[str, str]) -> str:
    variable = header.get("variable")
    if variable is None:
        return str(header.get("value") or "")
    if variable not in environment:
        raise StepError(f"the Secret with the value of the header {header['name']!r} is missing")
    return environment[variable].removesuffix("\n")


def _holds(condition: str, call: Call, reply: Reply) -> bool:
    headers: dict[str, list[str]] = {}
    for name, value in call.headers:
        headers.setdefault(name, []).append(value)
    request: dict[str, Any] = {
        "method": call.method,
        "url": call.url,
        "body": call.body.decode("utf-8", errors="replace"),
        "headers": headers,
    }
    response: dict[str, Any] = {
        "statusCode": reply.status,
        "body": reply.body.decode("utf-8", errors="replace"),
        "headers": reply.headers,
    }
    try:
        program = expr.compile(condition, WORKFLOWS)
        return program.eval({"request": request, "response": response}) is True
    except ExpressionError as error:
        raise StepError(f"successCondition '{condition}': {error}") from error
