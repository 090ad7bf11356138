"""Tests of rules: a document that is given, and what the rules are expected to make of it.

A team writes them as documents of kind ``RuleTest`` in a folder ``tests`` beside its rules;
the built-in rules have theirs. What a test names must be there and as it says; objects and
findings that it does not name fail it, fields that it does not name do not.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from ruleengine.formats import yaml_reader
from ruleengine.model.configuration import Configuration, Engine
from ruleengine.model.data import data_folder
from ruleengine.model.digests import content_digest
from ruleengine.model.documents import Document, Locator
from ruleengine.model.findings import Finding, Severity
from ruleengine.model.names import API_VERSION
from ruleengine.model.trees import Tree
from ruleengine.model.values import Object, Path, Value, format_path, lookup
from ruleengine.rules.evaluation import evaluate_document
from ruleengine.rules.loading import BUILT_IN_PREFIX, FOLDER, TESTS, Source, read_sources
from ruleengine.rules.results import DocumentEvaluation
from ruleengine.rules.ruleset import RuleSet

KEYS: Final = {
    "test": ("apiVersion", "kind", "metadata", "description", "given", "expect"),
    "given": ("path", "document", "defaults", "configuration"),
    "expect": ("objects", "findings", "references"),
}
"""The keys of a test, as ``docs/rules.md`` lists them."""

_SETTINGS: Final = ("engine", "repo", "namespace", "control_namespace", "clusters")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTestOutcome:
    """What became of one test: ``problems`` is empty where it passed."""

    name: str
    place: str
    problems: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the rules did what the test expects."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class _Inside:
    """Locates parts of the document that a test holds in itself."""

    whole: Locator
    prefix: Path = field(default=("given", "document"))

    def key(self, path: Path) -> tuple[int, int]:
        return self.whole.key((*self.prefix, *path))

    def value(self, path: Path) -> tuple[int, int]:
        return self.whole.value((*self.prefix, *path))


def run_tests(
    sources: Iterable[Source], rules_for: Callable[[Engine], RuleSet], engine: Engine
) -> tuple[RuleTestOutcome, ...]:
    """Run every test of the files; ``engine`` holds where a test names none."""
    outcomes: list[RuleTestOutcome] = []
    for source in sources:
        parsed = yaml_reader.read(source.data, source.path)
        if parsed.findings:
            name = source.path
            outcomes.append(RuleTestOutcome(name=name, place=name, problems=tuple(parsed.findings)))
        for index, one in enumerate(parsed.documents):
            document = Document(
                path=source.path,
                index=index,
                line=one.line,
                blob=source.blob,
                value=one.value,
                locator=one.locator,
            )
            outcomes.append(_run(document, rules_for, engine))
    return tuple(outcomes)


def team_tests(tree: Tree) -> tuple[Source, ...]:
    """Return the files with a team's tests: ``rules/**/tests/*.yaml``."""
    return read_sources(tree, _is_test_file)


def _is_test_file(path: str) -> bool:
    return path.startswith(f"{FOLDER}/") and f"/{TESTS}/" in path and path.endswith(".yaml")


def built_in_tests() -> Iterator[Source]:
    """Yield the files with the tests of the built-in rules."""
    root = data_folder(FOLDER)
    for file in sorted(root.glob(f"*/{TESTS}/*.yaml")):
        data = file.read_bytes()
        path = BUILT_IN_PREFIX + file.relative_to(root).as_posix()
        yield Source(path, content_digest(data.decode()), data)


def _run(test: Document, rules_for: Callable[[Engine], RuleSet], engine: Engine) -> RuleTestOutcome:
    name = str(lookup(test.value, "metadata", "name", default="(no name)"))
    problems = list(_mistakes(test))
    if not problems:
        configuration = _configuration(lookup(test.value, "given", "configuration"), engine)
        evaluation = evaluate_document(
            _given(test),
            lookup(test.value, "given", "defaults", default={}),
            configuration,
            rules_for(configuration.engine),
        )
        problems = list(_compare(test, evaluation))
    return RuleTestOutcome(name=name, place=str(test.place()), problems=tuple(problems))


def _mistakes(test: Document) -> Iterator[Finding]:
    value = test.value
    if lookup(value, "apiVersion") != API_VERSION or lookup(value, "kind") != "RuleTest":
        yield _invalid(test, (), f"a test has apiVersion {API_VERSION} and kind RuleTest")
        return
    parts: tuple[tuple[Path, str], ...] = (((), "test"), (("given",), "given"))
    for path, what in (*parts, (("expect",), "expect")):
        part = lookup(value, *path) if path else value
        if not isinstance(part, dict):
            yield _invalid(test, path, f"a test needs a map `{what}`")
            continue
        for key in part:
            if key not in KEYS[what]:
                near = get_close_matches(str(key), KEYS[what], n=1)
                hint = f": did you mean {near[0]!r}?" if near else ""
                yield _invalid(test, (*path, key), f"{key!r} is no key of {what}{hint}")
    if isinstance(value.get("given"), dict):
        yield from _mistakes_of_given(test, value["given"])
    if isinstance(value.get("expect"), dict):
        yield from _mistakes_of_expectations(test, value["expect"])


def _mistakes_of_given(test: Document, given: Object) -> Iterator[Finding]:
    if not isinstance(given.get("path"), str) or not isinstance(given.get("document"), dict):
        yield _invalid(test, ("given",), "`given` needs a `path` and a `document`")
    if not isinstance(given.get("defaults") or {}, dict):
        yield _invalid(test, ("given", "defaults"), "`defaults` takes a map")
    settings = given.get("configuration")
    engines = [str(one) for one in Engine]
    if settings is not None and not (
        isinstance(settings, dict)
        and all(key in _SETTINGS for key in settings)
        and settings.get("engine", engines[0]) in engines
        and all(isinstance(value, _type_of(key)) for key, value in settings.items())
    ):
        text = f"`configuration` may say {', '.join(_SETTINGS)}"
        yield _invalid(test, ("given", "configuration"), text)


def _mistakes_of_expectations(test: Document, expect: Object) -> Iterator[Finding]:
    for what in KEYS["expect"]:
        listed = expect.get(what) or []
        if not isinstance(listed, list):
            yield _invalid(test, ("expect", what), f"`{what}` takes a list")
            continue
        for index, one in enumerate(listed):
            if not isinstance(one, dict) or not isinstance(one.get("metadata") or {}, dict):
                yield _invalid(test, ("expect", what, index), f"`{what}` takes maps")


def _type_of(setting: str) -> type:
    return dict if setting == "clusters" else str


def _configuration(settings: Object | None, engine: Engine) -> Configuration:
    stated = dict(settings or {})
    stated["engine"] = Engine(stated.get("engine", engine))
    stated.setdefault("control_namespace", Configuration.control_namespace_for(stated["engine"]))
    return Configuration(**stated)


def _given(test: Document) -> Document:
    given = test.value["given"]
    inside = _Inside(test.locator)
    return Document(
        path=given["path"],
        index=0,
        line=inside.key(())[0],
        blob=test.blob,
        value=given["document"],
        locator=inside,
    )


def _compare(test: Document, evaluation: DocumentEvaluation) -> Iterator[Finding]:
    expected = test.value["expect"]
    if "objects" in expected:
        made = [one.object for one in evaluation.derived]
        yield from _compare_objects(test, expected["objects"] or [], made)
    found = [
        {
            "code": one.code,
            "severity": str(one.severity),
            "message": one.message,
            "remedy": one.remedy,
        }
        for one in evaluation.findings
    ]
    yield from _compare_list(test, "findings", expected.get("findings") or [], found)
    if "references" in expected:
        pointers = [
            {"kind": one.kind, "namespace": one.namespace, "name": one.name, "aspect": aspect}
            for one in evaluation.references
            for aspect in one.passes or ("",)
        ]
        yield from _compare_list(test, "references", expected["references"] or [], pointers)


def _compare_objects(
    test: Document, expected: list[Value], made: list[Object]
) -> Iterator[Finding]:
    left = list(made)
    for index, one in enumerate(expected):
        path: Path = ("expect", "objects", index)
        actual = next((other for other in left if _same(one, other)), None)
        if actual is None:
            known = ", ".join(map(_title, left)) or "nothing else"
            yield _failed(test, path, f"there is no {_title(one)}; there is {known}")
            continue
        left.remove(actual)
        for at, wanted, got in _differences(one, actual, ()):
            text = f"{format_path(at)} of {_title(one)} is {got}, not {wanted}"
            yield _failed(test, (*path, *at), text)
    for one in left:
        yield _failed(test, ("expect", "objects"), f"{_title(one)} is not expected")


def _same(expected: Value, made: Object) -> bool:
    """Tell whether an expected object is that one: kind, name, and namespace if stated."""
    metadata = lookup(expected, "metadata", default={})
    own = lookup(made, "metadata", default={})
    return bool(
        lookup(expected, "kind") == made.get("kind")
        and metadata.get("name") == own.get("name")
        and metadata.get("namespace", own.get("namespace")) == own.get("namespace")
    )


def _compare_list(
    test: Document, what: str, expected: list[Value], found: list[Object]
) -> Iterator[Finding]:
    left = list(found)
    for index, one in enumerate(expected):
        match = next((other for other in left if _says(one, other)), None)
        if match is None:
            yield _failed(test, ("expect", what, index), f"there is no {one}; there is {left}")
            continue
        left.remove(match)
    for one in left:
        text = one.get("message") or f"{one.get('kind')} {one.get('name')}"
        path: Path = ("expect", what) if what in test.value["expect"] else ("expect",)
        if what == "findings" or expected:
            yield _failed(test, path, f"not expected under {what}: {one.get('code', '')} {text}")


def _says(expected: Value, found: Object) -> bool:
    """Tell whether each field is as expected; of texts for people a part is enough."""
    return isinstance(expected, dict) and all(
        str(value) in found.get(key, "")
        if key in ("message", "remedy")
        else found.get(key) == value
        for key, value in expected.items()
    )


def _differences(expected: Value, got: Value, path: Path) -> Iterator[tuple[Path, Value, Value]]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, value in expected.items():
            yield from _differences(value, got.get(key), (*path, key))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (value, other) in enumerate(zip(expected, got, strict=True)):
            yield from _differences(value, other, (*path, index))
    elif expected != got:
        yield path, expected, got


def _title(value: Value) -> str:
    name = lookup(value, "metadata", "name", default="")
    return f"{lookup(value, 'kind', default='object')} {name}"


def _failed(test: Document, path: Path, message: str) -> Finding:
    return _finding(test, "rule-test-failed", path, message, "correct the rule or the test")


def _invalid(test: Document, path: Path, message: str) -> Finding:
    return _finding(test, "rule-test-invalid", path, message, "docs/rules.md shows a test")


def _finding(test: Document, code: str, path: Path, message: str, remedy: str) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code=code,
        message=message,
        remedy=remedy,
        place=test.place(*path),
    )
