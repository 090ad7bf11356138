"""The plan that a container of ours is given, and where things lie in the pod."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ruleengine.model.values import Object

VARIABLE: Final = "RULEENGINE_STEP"
_FILE: Final = f"{VARIABLE}_FILE"
TERMINATION_LOG: Final = Path("/dev/termination-log")


class StepError(Exception):
    """What a container of ours was to do cannot be done; the message is for the node."""


class FailedStepError(StepError):
    """What was to be done was done, and came to a failure: that of the step, no fault of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done for one node.

    ``parameters`` are the declared output parameters: ``name``, and ``path``, ``jsonPath``
    or ``jqFilter``, ``default``, ``globalName`` where stated. ``result`` says that the
    standard output is asked for. ``inputs`` are the artifacts to be loaded, ``artifacts`` those
    to be kept, each with ``name``, ``path`` and ``location``; what is kept has ``reported``
    besides, the location as the status states it, and what lies behind a driver ``stepPath``, at
    which the step knows it. ``logs`` is the artifact of the step's logs.
    ``members`` are the containers of a set: each with ``name``, the names that it ``needs`` to
    begin and ``awaits`` to end, how often it is tried again (``retries``), and after how many
    seconds (``pause``). ``reports`` says that somebody waits for a report. ``http`` is the call
    of a template of that kind; a secret header names the ``variable`` that holds it. ``data``
    are the expressions of a ``data`` template, ``plugin`` what executor plugins are ``asked`` and
    the ``plugins`` themselves, each with ``name`` and ``port``, ``tasks`` the
    WorkflowArtifactGCTasks that say which artifacts are to be deleted. ``progress`` says that the
    step writes down how far it is.
    """

    node: str
    workflow: str
    namespace: str
    pod: str
    pod_uid: str
    directory: Path
    script: Object = field(default_factory=dict)
    result: bool = False
    parameters: tuple[Object, ...] = ()
    inputs: tuple[Object, ...] = ()
    artifacts: tuple[Object, ...] = ()
    logs: Object = field(default_factory=dict)
    members: tuple[Object, ...] = ()
    reports: bool = True
    progress: bool = False
    http: Object = field(default_factory=dict)
    resource: Object = field(default_factory=dict)
    owner: Object = field(default_factory=dict)
    data: Object = field(default_factory=dict)
    plugin: Object = field(default_factory=dict)
    tasks: tuple[str, ...] = ()


def made(declared: Object, value: str) -> Object:
    """Return an output parameter with the value that it came to."""
    kept: Object = {key: declared[key] for key in ("name", "globalName") if key in declared}
    return {**kept, "value": value}


def reported(declared: Object) -> Object:
    """Return an artifact that was kept, as the status of its node tells of it."""
    words = ("name", "path", "globalName", "archive", "artifactGC")
    kept = {key: declared[key] for key in words if declared.get(key) is not None}
    return {**kept, **declared["reported"]}


def read_plan(environment: Mapping[str, str]) -> Plan:
    """Return the plan that stands in the environment, or in a file that it names.

    Raises ``StepError``.
    """
    try:
        file = environment.get(_FILE)
        text = Path(file).read_text(encoding="utf-8") if file else environment[VARIABLE]
        stated = json.loads(text)
        return Plan(
            node=stated["node"],
            workflow=stated["workflow"],
            namespace=environment.get("POD_NAMESPACE", ""),
            pod=environment.get("POD_NAME", ""),
            pod_uid=environment.get("POD_UID", ""),
            directory=Path(stated["directory"]),
            script=stated.get("script") or {},
            result=bool(stated.get("result")),
            parameters=tuple(stated.get("parameters") or ()),
            inputs=tuple(stated.get("inputs") or ()),
            artifacts=tuple(stated.get("artifacts") or ()),
            logs=stated.get("logs") or {},
            members=tuple(stated.get("members") or ()),
            http=stated.get("http") or {},
            reports=bool(stated.get("reports", True)),
            progress=bool(stated.get("progress")),
            resource=stated.get("resource") or {},
            owner=stated.get("owner") or {},
            data=stated.get("data") or {},
            plugin=stated.get("plugin") or {},
            tasks=tuple(stated.get("tasks") or ()),
        )
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise StepError(f"{VARIABLE} holds no plan: this runs in pods of workflows only") from error
