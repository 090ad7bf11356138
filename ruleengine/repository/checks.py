"""What is wrong with a document of settings, told at the place where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruleengine.model.documents import Locator
from ruleengine.model.findings import Finding, Place, Severity
from ruleengine.model.suggestions import near
from ruleengine.model.values import Object, Path, Value


@dataclass(frozen=True, slots=True)
class Checks:
    """Collects what is wrong with one document."""

    locator: Locator
    path: str
    findings: list[Finding] = field(default_factory=list)

    def text(self, value: Object, path: Path) -> str | None:
        """Return a text; ``None`` where there is none."""
        found = value.get(str(path[-1]))
        if found is None or isinstance(found, str):
            return found
        self.wrong(path, f"{path[-1]} must be a text", "put the value in quotes")
        return None

    def mapping(self, value: Object, key: str, kind: type) -> dict[str, Value]:
        """Return a mapping whose values are all of one type."""
        found = value.get(key)
        if found is None:
            return {}
        if not isinstance(found, dict):
            self.wrong((key,), f"{key} must be a mapping", "write keys and values below it")
            return {}
        word = "a text" if kind is str else "a mapping"
        kept = {}
        for name, item in found.items():
            if isinstance(item, kind):
                kept[name] = item
            else:
                self.wrong((key, name), f"{key}.{name} must be {word}", f"write {word}")
        return kept

    def check_constant(self, value: Object, key: str, expected: str) -> None:
        """Take down a field that may only have one value, and has another."""
        if value.get(key, expected) != expected:
            self.wrong((key,), f"{key} must be {expected}", f"write {expected} or leave it out")

    def check_names(self, value: Mapping[str, Value], known: tuple[str, ...], path: Path) -> None:
        """Take down the fields that are not known."""
        for key in value:
            if key not in known:
                close = near(key, known)
                remedy = f"did you mean {close}?" if close else f"known: {', '.join(known)}"
                message = f"there is no setting {key!r}"
                self.wrong((*path, key), message, remedy, "configuration-field-unknown")

    def wrong(
        self, path: Path, message: str, remedy: str, code: str = "configuration-value-invalid"
    ) -> None:
        """Take down what is wrong at a path, and what to do about it."""
        line, column = self.locator.key(path)
        self.findings.append(
            Finding(
                severity=Severity.ERROR,
                code=code,
                message=message,
                remedy=remedy,
                place=Place(self.path, line, column),
            )
        )
