"""From the text of a path to its steps."""

import re
from typing import Any, Final

from ruleengine.expressions.goessner import filters, steps
from ruleengine.expressions.goessner.steps import Choice, Step
from ruleengine.expressions.language import DEEPEST_NESTING, ExpressionError

_NAME: Final = re.compile(r"\s*([^\s.\[\]][^.\[\]]*)")
_NAME_IN_FILTER: Final = re.compile(r"[^\s.\[\]()+\-*/%=<>!&|~,]+")
_INTEGER: Final = re.compile(r"-?[0-9]+")
_QUOTED: Final = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_SPACE: Final = re.compile(r"\s*")
_LONGEST_INTEGER: Final = 18


class Parser:
    """Reads one path, or the paths inside of a filter.

    ``text`` is the whole text, ``at`` where to begin, ``depth`` how deeply this path lies
    inside of filters.
    """

    def __init__(self, text: str, at: int = 0, depth: int = 0) -> None:
        self.text = text
        self.at = at
        self.depth = depth
        if depth > DEEPEST_NESTING:
            raise self.error(f"filters nest deeper than {DEEPEST_NESTING}")

    def parse(self) -> tuple[Step, ...]:
        """Return the steps of a whole text. Raises ``ExpressionError``."""
        self.at = len(self.text) - len(self.text.lstrip())
        if not self.take("$") and not self.take("@"):
            raise self.error("a path begins with '$'", "write $.name")
        found = self.steps(_NAME)
        if self.at < len(self.text.rstrip()):
            raise self.error(f"unexpected '{self.text[self.at]}'")
        return found

    def steps(self, name: re.Pattern[str] = _NAME_IN_FILTER) -> tuple[Step, ...]:
        """Return the steps that stand here."""
        found: list[Step] = []
        while self.at < len(self.text):
            if self.take(".."):
                self.take(".")
                found.append(self._everywhere(name))
            elif self.take("."):
                found.append(self._subscript() if self._is("[") else self._child(name))
            elif self._is("["):
                found.append(self._subscript())
            else:
                break
        return tuple(found)

    def take(self, sign: str) -> bool:
        """Go past a sign where it stands here."""
        found = self._is(sign)
        if found:
            self.at += len(sign)
        return found

    def error(self, message: str, hint: str = "") -> ExpressionError:
        """Return an error at this place."""
        return ExpressionError(message, offset=self.at, text=self.text, hint=hint)

    def skip_space(self) -> None:
        """Go past space."""
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def quoted(self) -> str | None:
        """Go past a text in quotes and return it; ``None`` where there is none."""
        match = _QUOTED.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        inside = match[1] if match[2] is None else match[2]
        return re.sub(r"\\(.)", r"\1", inside, flags=re.DOTALL)

    def _is(self, sign: str) -> bool:
        return self.text.startswith(sign, self.at)

    def _expect(self, sign: str) -> None:
        self.skip_space()
        if not self.take(sign):
            raise self.error(f"'{sign}' should stand here")

    def _child(self, name: re.Pattern[str]) -> Step:
        offset = self.at
        if self.take("*"):
            return steps.several(steps.everything(offset))
        match = name.match(self.text, self.at)
        if match is None:
            raise self.error("a name should stand here", "write .name, .* or ['name']")
        self.at = match.end()
        key = (match[1] if match.re.groups else match[0]).strip()
        return steps.one(_always(key), offset)

    def _everywhere(self, name: re.Pattern[str]) -> Step:
        if self._is("["):
            return steps.everywhere(self._subscript())
        if self._is("*") or name.match(self.text, self.at):
            return steps.everywhere(self._child(name))
        return steps.everywhere(None)

    def _subscript(self) -> Step:
        offset = self.at
        self.take("[")
        self.skip_space()
        if self.take("*"):
            self._expect("]")
            return steps.several(steps.everything(offset))
        if self.take("?"):
            self._expect("(")
            test = filters.Filter(self).parse()
            self._expect(")")
            self._expect("]")
            return steps.several(steps.chosen(filters.truth(test), offset))
        return self._keys(offset)

    def _keys(self, offset: int) -> Step:
        first = None if self._is(":") else self._key()
        self.skip_space()
        if self._is(":"):
            return self._range(first, offset)
        if first is None:
            raise self.error("a key should stand here", "write a number, or a name in quotes")
        choices = [first]
        while self.take(","):
            self.skip_space()
            choices.append(self._key())
            self.skip_space()
        self._expect("]")
        if len(choices) == 1:
            return steps.one(first, offset)
        return steps.several(steps.union(choices, offset))

    def _range(self, first: Choice | None, offset: int) -> Step:
        bounds: list[Choice | None] = [first]
        while self.take(":"):
            self.skip_space()
            bounds.append(None if self._is(":") or self._is("]") else self._key())
            self.skip_space()
        self._expect("]")
        if len(bounds) > 3:
            raise self.error("a range has at most a start, an end and a stride", "as in [1:9:2]")
        bounds += [None] * (3 - len(bounds))
        return steps.several(steps.between(bounds, offset))

    def _key(self) -> Choice:
        text = self.quoted()
        if text is not None:
            return _always(text)
        match = _INTEGER.match(self.text, self.at)
        if match and len(match[0]) <= _LONGEST_INTEGER:
            self.at = match.end()
            return _always(int(match[0]))
        if self.take("("):
            script = filters.Filter(self).parse()
            self._expect(")")
            return filters.key(script, self.at)
        raise self.error("a key should stand here", "write a number, or a name in quotes")


def _always(key: Any) -> Choice:
    return lambda _value, _search: key
