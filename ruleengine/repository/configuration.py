"""Reads ``ruleengine.yaml``: the settings of the whole config repo, every one optional.

A wrong setting is a finding at its line and leaves the default in force, so that one
mistake here does not hide the findings of all other files.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlsplit

from ruleengine.apimachinery.durations import parse_argo_duration
from ruleengine.apimachinery.naming import check_dns_label
from ruleengine.apimachinery.selectors import SelectorError, parse_label_selector
from ruleengine.formats.go_durations import DurationError
from ruleengine.model.codes import registry
from ruleengine.model.configuration import (
    MOST_PODS,
    ArchiveSettings,
    Configuration,
    Engine,
    LocalSettings,
    NodeStatusSettings,
    SynchronizationSettings,
    Waiver,
)
from ruleengine.model.documents import CONFIGURATION_FILE
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.names import API_VERSION
from ruleengine.model.suggestions import near
from ruleengine.model.trees import Tree
from ruleengine.model.values import Object, Path, Value
from ruleengine.repository import executor_settings
from ruleengine.repository.checks import Checks
from ruleengine.repository.entries import unreadable

KIND: Final = "Configuration"

_TEXTS: Final = {
    "repo": "repo",
    "context": "context",
    "kubeconfig": "kubeconfig",
    "namespace": "namespace",
    "controlNamespace": "control_namespace",
}
_NAMESPACES: Final = ("namespace", "controlNamespace")
_FIELDS: Final = (
    *("apiVersion", "kind", "metadata", "engine", *_TEXTS),
    *("archive", "artifactRepository", "clusters", "defaults", "executor", "local"),
    *("nodeStatus", "synchronization", "waivers"),
)
_ARCHIVE_FIELDS: Final = ("database", "selector", "ttl")
_SYNCHRONIZATION_FIELDS: Final = ("database", "controller")
_NODE_STATUS_FIELDS: Final = ("largest", "offload")
_LONGEST_CONTROLLER: Final = 64
_WAIVER_FIELDS: Final = ("code", "path", "reason", "expires")
_STORES: Final = ("s3", "gcs", "azure", "oss", "hdfs", "artifactory", "plugin")
_LOCAL_FIELDS: Final = ("images", "maxPods")
_IMAGE_FIELDS: Final = ("entrypoint", "cmd", "env", "family")
_FAMILIES: Final = ("alpine", "debian", "ubuntu")


def read(tree: Tree) -> tuple[Configuration, tuple[Finding, ...]]:
    """Return the settings of a tree, defaults filled in, and what is wrong with the file."""
    if CONFIGURATION_FILE not in tree.files():
        return Configuration(), ()
    try:
        data = tree.read(CONFIGURATION_FILE)
    except KeyError:
        return Configuration(), (unreadable(CONFIGURATION_FILE),)
    return read_text(data)


def read_text(
    data: bytes, path: str = CONFIGURATION_FILE
) -> tuple[Configuration, tuple[Finding, ...]]:
    """Return the settings that a file's bytes hold, and what is wrong with them."""
    from ruleengine.formats import yaml_reader  # late: a command that remembers needs no YAML

    parsed = yaml_reader.read(data, path)
    findings = list(parsed.findings)
    if not parsed.documents:
        return Configuration(), tuple(findings)
    document, *others = parsed.documents
    reader = _Reader(document.locator, path, findings)
    if others:
        reader.wrong((), "only the first document counts", "remove the others")
    if not isinstance(document.value, dict):
        reader.wrong((), "the file must be a mapping", "write settings as keys and values")
        return Configuration(), tuple(findings)
    return reader.configuration(document.value), tuple(findings)


def read_value(value: Object) -> Configuration:
    """Return the settings of a document that is known to be right, without its text."""
    return _Reader(_Nowhere(), CONFIGURATION_FILE).configuration(value)


class _Nowhere:
    """The :class:`ruleengine.model.documents.Locator` of a document whose text is not at hand."""

    def key(self, path: Path) -> tuple[int, int]:
        """Return the beginning."""
        del path
        return 1, 1

    value = key


@dataclass(frozen=True, slots=True)
class _Reader(Checks):
    """Takes one document apart and collects what is wrong."""

    def configuration(self, value: Object) -> Configuration:
        self.check_names(value, _FIELDS, ())
        self.check_constant(value, "apiVersion", API_VERSION)
        self.check_constant(value, "kind", KIND)
        engine = self.engine(value)
        texts = {name: found for key, name in _TEXTS.items() if (found := self.text(value, (key,)))}
        for key in _NAMESPACES:
            self.check_namespace(texts, key)
        texts.setdefault("control_namespace", Configuration.control_namespace_for(engine))
        return Configuration(
            engine=engine,
            clusters=self.clusters(value),
            defaults=self.mapping(value, "defaults", dict),
            waivers=self.waivers(value),
            executor=self.executor(value),
            local=self.local(value),
            archive=self.archive(value),
            node_status=self.node_status(value),
            synchronization=self.synchronization(value),
            artifact_repository=self.artifact_repository(value),
            **texts,
        )

    def engine(self, value: Object) -> Engine:
        written = value.get("engine", Engine.NATIVE)
        if written in list(Engine):
            return Engine(written)
        names = " or ".join(Engine)
        self.wrong(("engine",), f"engine is {names}, not {written!r}", f"write {names}")
        return Engine.NATIVE

    def check_namespace(self, texts: dict[str, str], key: str) -> None:
        """Drop a namespace that Kubernetes refuses, so that the default stays in force."""
        problem = check_dns_label(texts.get(_TEXTS[key], "default"))
        if problem:
            message = f"{key} {texts.pop(_TEXTS[key])!r} is no name of a namespace: {problem}"
            self.wrong((key,), message, "write lower case letters, digits and dashes")

    def clusters(self, value: Object) -> dict[str, str]:
        return self.mapping(value, "clusters", str)

    def archive(self, value: Object) -> ArchiveSettings | None:
        """Return where workflows that are over are kept; ``None`` where they are not."""
        if value.get("archive") is None:
            return None
        stated = self.mapping(value, "archive", str)
        self.check_names(stated, _ARCHIVE_FIELDS, ("archive",))
        return ArchiveSettings(
            database=self.database("archive", stated),
            selector=self.selector(stated.get("selector", "")),
            ttl=self.ttl(stated.get("ttl", "")),
        )

    def executor(self, value: Object) -> Object:
        """Return how our containers in the pods of workflows run on a cluster."""
        stated = self.mapping(value, "executor", object)
        self.check_names(stated, executor_settings.FIELDS, ("executor",))
        found, problems = executor_settings.read_executor(stated)
        for one in problems:
            self.wrong(("executor", *one.path), one.message, one.remedy)
        return found

    def node_status(self, value: Object) -> NodeStatusSettings:
        """Return how the nodes of large workflows are stored."""
        stated = value.get("nodeStatus") or {}
        if not isinstance(stated, dict):
            message = "nodeStatus must be a mapping"
            self.wrong(("nodeStatus",), message, "write keys and values below it")
            return NodeStatusSettings()
        self.check_names(stated, _NODE_STATUS_FIELDS, ("nodeStatus",))
        offload, largest = stated.get("offload"), stated.get("largest")
        if not isinstance(offload, bool | None):
            message = "nodeStatus.offload must be true or false"
            self.wrong(("nodeStatus", "offload"), message, "write true or false")
            offload = None
        if largest is not None and (type(largest) is not int or largest < 1):
            message = "nodeStatus.largest must be a number of bytes"
            self.wrong(("nodeStatus", "largest"), message, "write a number such as 1048576")
            largest = None
        return NodeStatusSettings(largest=largest, offload=offload)

    def synchronization(self, value: Object) -> SynchronizationSettings:
        """Return where the locks of a database lie."""
        stated = self.mapping(value, "synchronization", str)
        self.check_names(stated, _SYNCHRONIZATION_FIELDS, ("synchronization",))
        controller = stated.get("controller", "")
        if len(controller) > _LONGEST_CONTROLLER:
            message = f"synchronization.controller is longer than {_LONGEST_CONTROLLER} characters"
            self.wrong(("synchronization", "controller"), message, "write a shorter name")
            controller = ""
        return SynchronizationSettings(
            database=self.database("synchronization", stated), controller=controller
        )

    def database(self, section: str, stated: Object) -> str:
        """Return the URL of the database that a section names; empty where it names none."""
        url = stated.get("database", "")
        path, name = (section, "database"), f"{section}.database"
        try:
            parts = urlsplit(url)
            fits = parts.scheme in ("postgresql", "postgres") and parts.port != 0
        except ValueError:  # brackets around what is no address, or a port that is no number
            parts, fits = urlsplit(""), False
        if url and not fits:
            message = f"{name} is no URL of a PostgreSQL database"
            self.wrong(path, message, "write postgresql://user@host/database, or leave it out")
            return ""
        if parts.password is not None or "password" in parts.query:
            message = f"{name} holds a password, for everybody who reads this repo"
            self.wrong(path, message, "take it out; PGPASSWORD or ~/.pgpass may hold it")
            return ""
        return str(url)

    def selector(self, text: str) -> str:
        try:
            parse_label_selector(text)
        except SelectorError as error:
            message = f"archive.selector is no label selector: {error}"
            self.wrong(("archive", "selector"), message, "write name=value, with commas")
            return ""
        return text

    def ttl(self, text: str) -> timedelta | None:
        try:
            found = parse_argo_duration(text) if text else None
        except DurationError:
            found = timedelta(-1)
        if found is not None and found < timedelta(0):
            message = f"archive.ttl {text!r} is no duration"
            self.wrong(("archive", "ttl"), message, "write 30d or 12h")
            return None
        return found

    def artifact_repository(self, value: Object) -> Object | None:
        """Return where artifacts go by default; ``None`` where that is not said, or not right."""
        found = value.get("artifactRepository")
        if found is None:
            return None
        if not isinstance(found, dict):
            self.wrong(("artifactRepository",), "artifactRepository must be a mapping", "write s3:")
            return None
        self.check_names(found, ("archiveLogs", *_STORES), ("artifactRepository",))
        stated = [name for name in _STORES if isinstance(found.get(name), dict)]
        if len(stated) == 1:
            return found
        message = f"artifactRepository has one location, not {len(stated)}"
        self.wrong(("artifactRepository",), message, f"write one of {', '.join(_STORES)}")
        return None

    def local(self, value: Object) -> LocalSettings:
        """Return the settings of the local control plane; a wrong entry is left out."""
        local = self.mapping(value, "local", object)
        self.check_names(local, _LOCAL_FIELDS, ("local",))
        return LocalSettings(
            images=self.local_images(local.get("images")),
            most_pods=self.most_pods(local.get("maxPods", MOST_PODS)),
        )

    def local_images(self, found: Value) -> dict[str, Object]:
        if not isinstance(found, dict | None):
            path = ("local", "images")
            self.wrong(path, "local.images must be a mapping", "write names below it")
            return {}
        entries = (found or {}).items()
        return {name: entry for name, entry in entries if self.is_image(name, entry)}

    def most_pods(self, found: Value) -> int:
        if isinstance(found, int) and not isinstance(found, bool) and found > 0:
            return found
        message = f"local.maxPods is a number of pods, not {found!r}"
        self.wrong(("local", "maxPods"), message, "write a whole number from 1 on")
        return MOST_PODS

    def is_image(self, name: str, entry: Value) -> bool:
        path = ("local", "images", name)
        if not isinstance(entry, dict):
            self.wrong(path, f"the image {name} must be a mapping", "write entrypoint: [program]")
            return False
        self.check_names(entry, _IMAGE_FIELDS, path)
        lists = [entry.get(key) for key in ("entrypoint", "cmd")]
        fit = all(one is None or isinstance(one, list) for one in lists)
        if not (fit and any(lists) and isinstance(entry.get("env") or {}, dict)):
            message = f"the image {name} does not say what it starts"
            self.wrong(path, message, "write entrypoint or cmd as lists of texts, env as a mapping")
            return False
        if entry.get("family") not in (None, *_FAMILIES):
            message = f"the image {name} is of no family that is known"
            self.wrong((*path, "family"), message, f"write one of {', '.join(_FAMILIES)}")
            return False
        return True

    def waivers(self, value: Object) -> tuple[Waiver, ...]:
        found = value.get("waivers")
        if found is None:
            return ()
        if not isinstance(found, list):
            self.wrong(("waivers",), "waivers must be a list", "begin each waiver with `- code:`")
            return ()
        waivers = [self.waiver(item, ("waivers", index)) for index, item in enumerate(found)]
        return tuple(one for one in waivers if one is not None)

    def waiver(self, value: Value, path: Path) -> Waiver | None:
        if not isinstance(value, dict):
            self.wrong(path, "a waiver must be a mapping", "write code, reason and expires")
            return None
        self.check_names(value, _WAIVER_FIELDS, path)
        texts = {name: self.text(value, (*path, name)) for name in _WAIVER_FIELDS}
        missing = [name for name in ("code", "reason", "expires") if not texts[name]]
        if missing:
            message = f"the waiver lacks {' and '.join(missing)}"
            self.wrong(path, message, "say which finding is accepted, why, and until when")
            return None
        if not _is_date(str(texts["expires"])):
            message = f"expires must be a date, not {texts['expires']!r}"
            self.wrong((*path, "expires"), message, "write year-month-day, such as 2027-01-31")
            return None
        self.check_code(str(texts["code"]), (*path, "code"))
        given = {name: text for name, text in texts.items() if text is not None}
        return Waiver(**given, place=Place(self.path, *self.locator.key(path)))

    def check_code(self, code: str, path: Path) -> None:
        """Warn of a code that no finding has: newer or older versions may know it."""
        if code in registry():
            return
        close = near(code, registry())
        remedy = f"did you mean {close}?" if close else "write the code of a finding"
        message = f"the waiver waives nothing: there is no finding with the code {code!r}"
        self.findings.append(
            Finding(
                severity=Severity.WARNING,
                code="configuration-value-invalid",
                message=message,
                remedy=remedy,
                place=Place(self.path, *self.locator.key(path)),
            )
        )


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
