"""What a template is held to that its schema cannot say (reference, Workflows 25)."""

from collections.abc import Iterator
from typing import Final

from ruleengine.model.artifact_places import DRIVER_PREFIX
from ruleengine.model.values import Object, Path, Value, lookup
from ruleengine.validation.graphs import calls_of, circle_of, items_of
from ruleengine.validation.workflow_problems import WorkflowProblem, broken

_TAG: Final = "{{"
_CALLING: Final = ("steps", "dag")
_WITH_CONTAINER: Final = ("container", "script", "containerSet")
_WITH_POD: Final = (*_WITH_CONTAINER, "resource", "data")
_LEAVES: Final = (*_WITH_POD, "http", "plugin")
TYPES: Final = (*_CALLING, *_LEAVES, "suspend")
_RESERVED: Final = ("wait", "supervisor")
_OF_LOOPS: Final = ("AnySucceeded", "AllFailed")
_LOOPS: Final = ("withItems", "withParam", "withSequence")

_BOUNDS: Final[tuple[str, ...]] = ("count", "start", "end")

_SOURCES: Final = {
    **dict.fromkeys(_WITH_CONTAINER, ("path",)),
    **dict.fromkeys(_CALLING, ("parameter", "expression")),
    "resource": ("jsonPath", "jqFilter"),
    "suspend": ("supplied",),
}
"""What an output parameter is taken from, by the type of the template."""


def check_template(template: Object, path: Path, defaults: Object) -> Iterator[WorkflowProblem]:
    """Yield which rules a template breaks; ``defaults`` stand under it."""
    kind = next((one for one in TYPES if template.get(one) is not None), "")
    yield from _fields(template, path, kind)
    yield from _outputs(template, path, kind)
    yield from _artifacts(template, path, kind)
    yield from _containers(template, path)
    for at, call in calls_of(template):
        yield from _loop(call, (*path, *at))
    match kind:
        case "container" | "script":
            body = template.get(kind)
            image = lookup(body, "image") or lookup(defaults, kind, "image")
            if isinstance(body, dict) and not image:
                yield broken((*path, kind), f"a {kind} needs an image", "write `image:`")
        case "resource":
            yield from _resource(template, path)
        case "containerSet":
            yield from _set(template, path)
        case "dag":
            yield from _dag(template, path)


def _fields(template: Object, path: Path, kind: str) -> Iterator[WorkflowProblem]:
    """Yield the fields that the type of a template has no use for, and times that are none."""
    if "parallelism" in template and kind not in _CALLING:
        told = "only steps and dag run several things at once"
        yield broken((*path, "parallelism"), told, "state it where these are, or of the workflow")
    for name in ("activeDeadlineSeconds", "timeout", "pendingTimeout"):
        if name in template and kind not in _LEAVES:
            told = f"`{name}` is for what runs itself, and this is {kind or 'nothing'}"
            ignored = kind == "suspend" and name == "activeDeadlineSeconds"
            remedy = "state it at the templates that are called"
            yield broken((*path, name), told, remedy, late=ignored)
    seconds = template.get("activeDeadlineSeconds")
    if seconds is not None and _TAG not in str(seconds) and not _is_seconds(seconds):
        told = f"{seconds!r} is no number of seconds that anything could run"
        yield broken((*path, "activeDeadlineSeconds"), told, "write a whole number, not below 0")
    if "resourceClaims" in template and kind not in _WITH_POD:
        told = "resources are claimed by pods, and this has none"
        yield broken((*path, "resourceClaims"), told, "state them where a pod runs")
    for name in ("timeout", "pendingTimeout"):
        text = template.get(name)
        if isinstance(text, str) and _TAG not in text and not _is_duration(text):
            from ruleengine.expressions.sequences import is_whole

            told = f"{text!r} is no time: it needs a unit"
            late = name != "timeout" or not is_whole(text)
            yield broken((*path, name), told, "write 30s, 5m or 2h", late=late)
    backoff = lookup(template, "retryStrategy", "backoff")
    if isinstance(backoff, dict) and not backoff.get("duration"):
        told = "a back-off needs a `duration` to begin with"
        at = (*path, "retryStrategy", "backoff")
        yield broken(at, told, "write `duration: 10s`", late=True)


def _is_seconds(value: Value) -> bool:
    """Tell whether a value is a number of seconds; none is let pass, as by Argo."""
    try:
        return not isinstance(value, bool) and int(str(value)) >= 0
    except ValueError:
        return False


def _is_duration(text: str) -> bool:
    from ruleengine.formats.go_durations import DurationError, parse_duration

    try:
        parse_duration(text)
    except DurationError:
        return False
    return True


def _outputs(template: Object, path: Path, kind: str) -> Iterator[WorkflowProblem]:
    wanted = _SOURCES.get(kind)
    for at, one in items_of(template, ("outputs", "parameters")):
        source = one.get("valueFrom")
        if wanted is None or one.get("value") is not None:
            continue
        if not isinstance(source, dict) or not any(name in source for name in wanted):
            words = " or ".join(f"`{name}`" for name in wanted)
            told = f"an output parameter of {kind} is taken from {words}"
            yield broken((*path, *at), told, f"write {words} below `valueFrom`")
        elif "\n" in str(source.get("path")):
            told = "an output cannot lie at a path of several lines"
            yield broken((*path, *at, "valueFrom", "path"), told, "write it in one line")


def _artifacts(template: Object, path: Path, kind: str) -> Iterator[WorkflowProblem]:
    yield from _twice_mounted(template, path)
    for what in ("inputs", "outputs"):
        for at, one in items_of(template, (what, "artifacts")):
            where = (*path, *at)
            if kind in _WITH_CONTAINER and not one.get("path"):
                told = f"an artifact of {kind} needs a path"
                yield broken(where, told, "write `path:`, where it lies in the container")
            if "\n" in str(one.get("path")):
                told = "an artifact cannot lie at a path of several lines"
                yield broken((*where, "path"), told, "write it in one line")
            if kind in _CALLING and one.get("path"):
                told = f"{kind} have no files: their artifacts have no path"
                yield broken((*where, "path"), told, "leave it out; outputs take theirs by `from`")
            for name in ("from", "fromExpression"):
                if what == "inputs" and name in one:
                    told = "an input is what the caller passes, and is not taken from anywhere"
                    yield broken((*where, name), told, "write it in the arguments of the caller")


def _twice_mounted(template: Object, path: Path) -> Iterator[WorkflowProblem]:
    """Yield the paths of a container at which two things would lie."""
    taken: set[str] = set()
    mounts = items_of(template, ("container", "volumeMounts"))
    inputs = items_of(template, ("inputs", "artifacts")) if "container" in template else ()
    for key, found in (("mountPath", mounts), ("path", inputs)):
        for at, one in found:
            place = one.get(key)
            if not isinstance(place, str):
                continue
            if place in taken:
                told = f"something is mounted at {place!r} already"
                yield broken((*path, *at, key), told, "choose another path for one of them")
            taken.add(place)


def _containers(template: Object, path: Path) -> Iterator[WorkflowProblem]:
    places = (("sidecars",), ("initContainers",), ("containerSet", "containers"))
    for where in places:
        for at, one in items_of(template, where):
            name = str(one.get("name") or "")
            if name in _RESERVED or name.startswith(DRIVER_PREFIX):
                told = f"the name {name!r} is kept for what looks after the step"
                yield broken((*path, *at, "name"), told, "give it another one")


def _resource(template: Object, path: Path) -> Iterator[WorkflowProblem]:
    body = template.get("resource")
    if not isinstance(body, dict):
        return
    manifest = body.get("manifest")
    if not manifest and not body.get("manifestFrom") and not body.get("flags"):
        told = "a resource needs a manifest"
        yield broken((*path, "resource"), told, "write `manifest:` or `manifestFrom:`")
    if isinstance(manifest, str) and manifest and _TAG not in manifest:
        from ruleengine.formats import yaml_reader

        findings = yaml_reader.read(manifest.encode("utf-8", "surrogatepass"), "").findings
        for one in findings[:1]:
            told = f"the manifest is no YAML: {one.message}"
            yield broken((*path, "resource", "manifest"), told, one.remedy)
    if body.get("flags"):
        yield from _flags(body, (*path, "resource", "flags"))


def _flags(body: Object, path: Path) -> Iterator[WorkflowProblem]:
    """Yield the flag that a step will refuse, where it does not hang on tags."""
    from ruleengine.apimachinery.kubectl_flags import FlagError, read_flags

    action, strategy = str(body.get("action")), str(body.get("mergeStrategy") or "")
    flags = [str(one) for one in body["flags"]] if isinstance(body["flags"], list) else []
    manifest = bool(body.get("manifest") or body.get("manifestFrom"))
    if _TAG in action + strategy:
        return
    try:
        read_flags(action, flags, manifest=manifest, strategy=strategy)
    except FlagError as error:
        known = flags if error.index is None else flags[error.index : error.index + 2]
        if not any(_TAG in one for one in known):
            at = path if error.index is None else (*path, error.index)
            yield broken(at, error.problem, error.remedy, late=True)


def _set(template: Object, path: Path) -> Iterator[WorkflowProblem]:
    containers = list(items_of(template, ("containerSet", "containers")))
    names = [str(one.get("name")) for _, one in containers]
    needs = {str(one.get("name")): _texts(one.get("dependencies")) for _, one in containers}
    for at, one in containers:
        for needed in _texts(one.get("dependencies")):
            if needed not in names:
                told = f"there is no container {needed!r} to wait for"
                yield broken((*path, *at, "dependencies"), told, f"name one of {', '.join(names)}")
    circle = circle_of(needs)
    if circle:
        told = f"containers wait for each other, so none of them ever runs: {' → '.join(circle)}"
        yield broken((*path, "containerSet", "containers"), told, "remove one of the dependencies")
    kept = [
        *items_of(template, ("inputs", "artifacts")),
        *items_of(template, ("outputs", "artifacts")),
        *items_of(template, ("outputs", "parameters")),
    ]
    if kept and "main" not in names:
        told = "what a set takes and makes is that of its container `main`, and it has none"
        yield broken((*path, "containerSet"), told, "call one of its containers `main`")


def _texts(value: Value) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _loop(call: Object, path: Path) -> Iterator[WorkflowProblem]:
    """Yield what a loop cannot go over, where that does not hang on tags."""
    text = call.get("withParam")
    if isinstance(text, str) and _TAG not in text:
        yield from _listed(text, (*path, "withParam"))
    sequence = call.get("withSequence")
    if isinstance(sequence, dict):
        yield from _sequence(sequence, (*path, "withSequence"))


def _listed(text: str, path: Path) -> Iterator[WorkflowProblem]:
    from ruleengine.expressions.sequences import FEWER, MOST_ITEMS
    from ruleengine.formats.json_text import loads

    try:
        items = loads(text)
    except ValueError:
        items = None
    if not isinstance(items, list):
        told = f"{text[:40]!r} is no list in JSON"
        yield broken(path, told, "write one such as '[1, 2]', or a tag for one", late=True)
    elif len(items) > MOST_ITEMS:
        told = f"withParam has {len(items)} items, more than {MOST_ITEMS}"
        yield broken(path, told, FEWER, late=True)


def _sequence(sequence: Object, path: Path) -> Iterator[WorkflowProblem]:
    from ruleengine.expressions.language import ExpressionError
    from ruleengine.expressions.sequences import is_whole, numbers_of

    bounds = {one: sequence[one] for one in _BOUNDS if one in sequence}
    known = {name: bound for name, bound in bounds.items() if _TAG not in str(bound)}
    wrong = [name for name, bound in known.items() if not is_whole(bound)]
    for name in wrong:
        told = f"{known[name]!r} is no whole number"
        yield broken((*path, name), told, "write one, or a tag for one", late=True)
    if wrong or known != bounds or bounds.keys() <= {"start"}:
        return
    try:
        numbers_of(bounds)
    except ExpressionError as error:
        at = (*path, "end" if "end" in bounds else "count")
        yield broken(at, error.message, error.hint, late=True)


def _dag(template: Object, path: Path) -> Iterator[WorkflowProblem]:
    tasks = [((*path, *at), one) for at, one in items_of(template, ("dag", "tasks"))]
    names = {str(one.get("name")): one for _, one in tasks}
    target = lookup(template, "dag", "target")
    if isinstance(target, str) and _TAG not in target:
        for name in target.split():
            if name not in names:
                told = f"there is no task {name!r} to reach"
                yield broken((*path, "dag", "target"), told, "name tasks of this dag")
    by_condition = [at for at, one in tasks if one.get("depends")]
    by_list = [at for at, one in tasks if one.get("dependencies")]
    if by_condition and by_list:
        told = "the tasks of a dag use either `depends` or `dependencies`, not both"
        yield broken((*by_list[0], "dependencies"), told, "write it as `depends`")
    for at, one in tasks:
        name = str(one.get("name"))
        if by_condition and "continueOn" in one:
            told = "`continueOn` is for tasks with `dependencies`, and this dag uses `depends`"
            remedy = f"leave it out, and write {name}.Failed or {name}.Errored where it is needed"
            yield broken((*at, "continueOn"), told, remedy)
        if (by_condition or by_list) and name[:1].isdigit():
            told = f"{name!r} begins with a digit, which no condition can name"
            yield broken((*at, "name"), told, "let it begin with a letter")
        yield from _results(one, at, names)


def _results(task: Object, path: Path, tasks: dict[str, Object]) -> Iterator[WorkflowProblem]:
    condition = task.get("depends")
    if not isinstance(condition, str) or not any(one in condition for one in _OF_LOOPS):
        return
    from ruleengine.expressions import depends
    from ruleengine.expressions.language import ExpressionError

    try:
        operands = depends.compile(condition).operands
    except ExpressionError:
        return  # that is a finding of its own
    for one in operands:
        asked = tasks.get(one.task)
        if one.result in _OF_LOOPS and asked and not any(loop in asked for loop in _LOOPS):
            told = f"{one.task!r} is no loop, so it has no result {one.result}"
            yield broken((*path, "depends"), told, "ask for Succeeded or Failed")
