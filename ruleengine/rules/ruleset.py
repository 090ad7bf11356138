"""Rules as values, and the set of them with an index for matching."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from ruleengine.apimachinery.selectors import LabelSelector
from ruleengine.model.configuration import Engine
from ruleengine.model.documents import Document, Form
from ruleengine.model.findings import Place, Severity
from ruleengine.model.values import Object, Path, Value
from ruleengine.rules.globs import path_matches
from ruleengine.rules.merging import over
from ruleengine.rules.paths import Selection, Walk
from ruleengine.rules.templates import Choice, Constant, Expression, Loop, Part, Variables


class Rank(IntEnum):
    """Whose rule it is: a team's word goes over a built-in one's."""

    BUILT_IN = 0
    TEAM = 1


class Match(NamedTuple):
    """Which documents a rule is about; an empty tuple means any.

    Without ``kinds``, ``form: short`` means a short form that is not expanded yet; in every
    other case a rule is about objects, which have a kind.
    """

    folders: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    api_versions: tuple[str, ...] = ()
    form: Form | None = None
    paths: tuple[str, ...] = ()
    selector: LabelSelector | None = None

    def fits(self, key: "Key") -> bool:
        """Tell whether what can be known from folder, kind and form alone fits."""
        bare = self.form is Form.SHORT and not self.kinds and not self.api_versions
        return (
            bare is not bool(key.kind)
            and (not self.folders or key.folder in self.folders)
            and (not self.kinds or key.kind in self.kinds)
            and (not self.api_versions or key.api_version in self.api_versions)
            and (self.form is None or self.form is key.form)
        )

    def fits_document(self, path: str, value: Object) -> bool:
        """Tell whether path and labels fit."""
        if self.paths and not any(path_matches(path, glob) for glob in self.paths):
            return False
        if self.selector is None:
            return True
        metadata = value.get("metadata")
        labels = metadata.get("labels") if isinstance(metadata, dict) else None
        return self.selector.matches(labels if isinstance(labels, dict) else {})


class Key(NamedTuple):
    """What the index of rules is keyed by; ``kind`` is empty for an unexpanded short form."""

    folder: str
    api_version: str
    kind: str
    form: Form


class Requirement(NamedTuple):
    """A check of a policy: ``that`` must hold for the document, or for each selected part.

    ``asked`` tells whether it is to hold at all, where that depends on something; ``words`` are
    message and remedy.
    """

    path: Path
    each: Selection
    at: Path
    asked: Choice | None
    that: Choice
    words: Choice
    severity: Severity


class Pointer(NamedTuple):
    """A declared reference: what the document, or each selected part, relies on.

    ``words`` are kind, name, namespace, message and remedy; ``passes`` selects the names that
    are handed over, for each aspect.
    """

    path: Path
    each: Selection
    at: Path
    words: Choice
    passes: tuple[tuple[str, Selection], ...]
    partial: bool
    severity: Severity


class Offer(NamedTuple):
    """Names that users of a definition may rely on, and which of them must be passed.

    ``words`` are the name, and whether it is required.
    """

    aspect: str
    each: Selection
    words: Choice


class Declaration(NamedTuple):
    """A definition: what others may point at. Kind, name, namespace default to the object's.

    ``words`` are these three.
    """

    path: Path
    each: Selection
    at: Path
    words: Choice
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as it was read. ``document`` is the document of its file."""

    name: str
    rank: Rank
    document: Document = field(repr=False)
    match: Match
    engines: tuple[Engine, ...] = ()
    replaces: str = ""
    description: str = ""
    when: Expression | None = None
    variables: Variables = Variables()  # noqa: RUF009 - frozen
    sets: Part | None = None
    emits: tuple[Part | Loop, ...] = ()
    declarations: tuple[Declaration, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    namespaces: tuple[Part | Loop, ...] = ()
    actions: tuple[Part | Loop, ...] | None = None
    _lines: dict[Path, str] = field(default_factory=dict, init=False, compare=False, repr=False)

    def place(self, *path: str | int) -> Place:
        """Return where the rule, or a key of it, stands in its file."""
        return self.document.place(*path) if path else Place(self.document.path, self.document.line)

    def line(self, *path: str | int) -> str:
        """Return file and line of a key of the rule, as origins name them."""
        found = self._lines.get(path)
        if found is None:
            found = self._lines[path] = f"{self.document.path}:{self.place(*path).line}"
        return found


class Group:
    """The rules that hold for one subject, in their order and by what they say.

    ``walk`` follows the paths of all of them at once; ``numbers`` tells which of these belong
    to a selection, by its identity.
    """

    __slots__ = (
        "declaring",
        "defaults",
        "emitting",
        "needing",
        "numbers",
        "pointing",
        "requiring",
        "rules",
        "setting",
        "walk",
    )

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.setting = {
            rank: [rule for rule in rules if rule.rank is rank and rule.sets is not None]
            for rank in (Rank.TEAM, Rank.BUILT_IN)
        }
        self.emitting = [rule for rule in rules if rule.emits]
        self.declaring = [(rule, one) for rule in rules for one in rule.declarations]
        self.pointing = [(rule, one) for rule in rules for one in rule.pointers]
        self.requiring = [(rule, one) for rule in rules for one in rule.requirements]
        self.needing = [(rule, one) for rule in rules for one in rule.namespaces]
        self.defaults = _constant_defaults(self.setting[Rank.BUILT_IN])
        selecting = [one.each for _, one in self.declaring]
        selecting += [one.each for _, one in self.pointing]
        selecting += [one.each for _, one in self.requiring]
        selections = {id(one): one for one in selecting}
        self.walk = Walk(path for one in selections.values() for path in one.patterns)
        self.numbers = {key: self.walk.numbers(one.patterns) for key, one in selections.items()}

    def acting(self) -> list[Rule]:
        """Return the rules whose actions hold: the team's where it has any."""
        for rank in (Rank.TEAM, Rank.BUILT_IN):
            found = [one for one in self.rules if one.rank is rank and one.actions is not None]
            if found:
                return found
        return []


class Candidates:
    """The rules that may match documents of one folder, kind and form.

    Which of them do is decided per document only where a rule looks at more than that; the
    groups that result are few, and made once.
    """

    __slots__ = ("_groups", "_rules", "_sure", "doubtful", "look_inside")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self.doubtful = [
            (1 << at, rule)
            for at, rule in enumerate(rules)
            if rule.when or rule.match.selector or rule.match.paths
        ]
        self.look_inside = any(rule.when or rule.match.selector for _, rule in self.doubtful)
        self._sure = (1 << len(rules)) - 1 - sum(bit for bit, _ in self.doubtful)
        self._groups: dict[int, Group] = {}

    def group(self, fitting: int) -> Group:
        """Return the sure rules and those of the doubtful ones whose bits are set."""
        bits = self._sure | fitting
        found = self._groups.get(bits)
        if found is None:
            found = Group(tuple(one for at, one in enumerate(self._rules) if bits & (1 << at)))
            self._groups[bits] = found
        return found


def _constant_defaults(rules: list[Rule]) -> Value:
    """Return what built-in rules set together if that is always the same, else ``None``."""
    merged: Value = {}
    for rule in rules:
        if not isinstance(rule.sets, Constant):
            return None
        merged = over(merged, rule.sets.value)
    return merged


class RuleSet:
    """The rules of one repo and engine, in order: built-in first, each by file and line.

    ``digest`` changes with any byte of any rule: it is the rules' part of a cache key.
    ``folders`` are the top-level folders that rules name.
    """

    def __init__(self, rules: tuple[Rule, ...], digest: str) -> None:
        self.rules = rules
        self.digest = digest
        self.folders = frozenset(folder for rule in rules for folder in rule.match.folders)
        self._index: dict[Key, Candidates] = {}

    def candidates(self, key: Key) -> Candidates:
        """Return the rules that may match documents of a folder, kind and form."""
        found = self._index.get(key)
        if found is None:
            found = Candidates(tuple(rule for rule in self.rules if rule.match.fits(key)))
            self._index[key] = found
        return found

    def rule(self, name: str) -> Rule | None:
        """Return the rule of that name, if there is one."""
        return next((rule for rule in self.rules if rule.name == name), None)
