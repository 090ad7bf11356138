"""Functions of texts. Lengths and positions count bytes, as Go's do."""

import re
import unicodedata
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.sprig.casts import check_size, to_text, to_texts
from ruleengine.formats.go_case import lower, upper
from ruleengine.formats.go_printing import sprint
from ruleengine.formats.go_text import SPACES, from_bytes, quote, to_bytes

_ANY, _INT, _STRING = Kind.ANY, Kind.INT, Kind.STRING

_SPACE: Final = re.compile(f"[{SPACES}]")
_WORD: Final = re.compile(f"[^{SPACES}]+")
_DOTS: Final = b"..."


def _title(one: str) -> str:
    made = one.title()
    return made if len(made) == 1 else one


def title(text: str) -> str:
    """Return a text with every word beginning with a capital."""
    made: list[str] = []
    inside = False
    for one in text:
        made.append(one if inside else _title(one))
        inside = one == "_" or one.isalnum() or (one > "\x7f" and one not in SPACES)
    return "".join(made)


def untitle(text: str) -> str:
    """Return a text with every word beginning with a small letter."""
    return _WORD.sub(lambda match: lower(match[0][0]) + match[0][1:], text)


def swapcase(text: str) -> str:
    """Return a text with capitals small, and small letters as capitals."""
    made: list[str] = []
    first = True
    for one in text:
        category = unicodedata.category(one)
        if category in ("Lu", "Lt"):
            made.append(lower(one))
            first = False
        elif category == "Ll":
            made.append(_title(one) if first else upper(one))
            first = False
        else:
            made.append(one)
            first = one in SPACES
    return "".join(made)


def initials(text: str) -> str:
    """Return the first letters of all words."""
    return "".join(match[0][0] for match in _WORD.finditer(text))


def repeat(count: int, text: str) -> str:
    """Return a text so many times."""
    if count < 0:
        raise ExpressionError("a negative count")
    check_size(count * len(text))
    return text * count


def trunc(count: int, text: str) -> str:
    """Return the first bytes of a text; the last ones for a negative count."""
    data = to_bytes(text)
    if count < 0:
        return from_bytes(data[count:]) if len(data) + count > 0 else text
    return from_bytes(data[:count])


def substr(start: int, end: int, text: str) -> str:
    """Return the bytes of a text from a start to an end; a negative one is the text's."""
    data = to_bytes(text)
    begin = max(start, 0)
    stop = len(data) if start >= 0 and (end < 0 or end > len(data)) else end
    if not begin <= stop <= len(data):
        raise ExpressionError("the end lies outside of the text or before the start")
    return from_bytes(data[begin:stop])


def abbrev(width: int, text: str) -> str:
    """Return a text cut to a width of bytes, with dots at its end."""
    return text if width < 4 else _abbreviated(0, width, to_bytes(text))


def abbrevboth(left: int, right: int, text: str) -> str:
    """Return a text cut at both sides: from an offset, to a width, with dots."""
    if right < 4 or (left > 0 and right < 7):
        return text
    return _abbreviated(left, right, to_bytes(text))


def _abbreviated(offset: int, width: int, data: bytes) -> str:
    room = width - len(_DOTS)
    if len(data) <= width:
        return from_bytes(data)
    start = min(offset, len(data))
    if len(data) - start < room:
        start = len(data) - room
    if start <= 4:
        return from_bytes(data[:room] + _DOTS)
    if start + room < len(data):
        return from_bytes(_DOTS + to_bytes(_abbreviated(0, room, data[start:])))
    return from_bytes(_DOTS + data[-room:])


def wrap(width: int, text: str) -> str:
    """Return a text in lines of a width, words kept whole."""
    return _wrapped(width, "\n", text, cuts=False)


def wrap_with(width: int, separator: str, text: str) -> str:
    """Return a text in pieces of a width with a separator between, long words cut."""
    return _wrapped(width, separator or "\n", text, cuts=True)


def _wrapped(width: int, separator: str, text: str, *, cuts: bool) -> str:
    data, joint = to_bytes(text), to_bytes(separator)
    width = max(width, 1)
    lines: list[bytes] = []
    at = 0
    while len(data) - at > width:
        if data[at : at + 1] == b" ":
            at += 1
            continue
        space = data.rfind(b" ", at, at + width + 1)
        if space < 0 and not cuts:
            space = data.find(b" ", at + width)
            if space < 0:
                break
        end = space if space >= 0 else at + width
        lines.append(data[at:end])
        check_size(len(data) + len(lines) * len(joint))
        at = end + (space >= 0)
    return from_bytes(joint.join([*lines, data[at:]]))


def quoted(*values: Any) -> str:
    """Return values as Go literals in double quotes, ``nil`` left out."""
    return _together([quote(to_text(value)) for value in values if value is not None])


def squoted(*values: Any) -> str:
    """Return values in single quotes, ``nil`` left out."""
    return _together([f"'{sprint(value)}'" for value in values if value is not None])


def cat(*values: Any) -> str:
    """Return values with spaces between, ``nil`` left out."""
    return _together([sprint(value) for value in values if value is not None])


def _together(parts: list[str]) -> str:
    check_size(sum(map(len, parts)))
    return " ".join(parts)


def indent(spaces: int, text: str) -> str:
    """Return a text with every line moved to the right."""
    if spaces < 0:
        raise ExpressionError("a negative indent")
    check_size(len(text) + spaces * (text.count("\n") + 1))
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


def replace(old: str, new: str, text: str) -> str:
    """Return a text with one part replaced by another everywhere."""
    check_size(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def split_list(separator: str, text: str, most: int = -1) -> list[str]:
    """Return the parts of a text; its characters where the separator is empty."""
    if most == 0:
        return []
    if separator:
        return text.split(separator, most - 1 if most > 0 else -1)
    if 0 < most < len(text):
        return [*text[: most - 1], text[most - 1 :]]
    return list(text)


def _numbered(parts: list[str]) -> dict[str, str]:
    return {f"_{number}": part for number, part in enumerate(parts)}


def join(separator: str, values: Any) -> str:
    """Return the elements of a list with a separator between."""
    parts = to_texts(values)
    check_size(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | bytes)


def _trim(cut: str, text: str) -> str:
    return text.strip(cut) if cut else text


def _trim_space(text: str) -> str:
    return text.strip(SPACES)


FUNCTIONS: Final = (
    Function("hello", lambda: "Hello!"),
    Function("trim", _trim_space, (_STRING,)),
    Function("trimAll", _trim, (_STRING, _STRING)),
    Function("trimall", _trim, (_STRING, _STRING)),
    Function("trimSuffix", lambda end, text: text.removesuffix(end), (_STRING, _STRING)),
    Function("trimPrefix", lambda start, text: text.removeprefix(start), (_STRING, _STRING)),
    Function("upper", upper, (_STRING,)),
    Function("lower", lower, (_STRING,)),
    Function("title", title, (_STRING,)),
    Function("untitle", untitle, (_STRING,)),
    Function("swapcase", swapcase, (_STRING,)),
    Function("repeat", repeat, (_INT, _STRING)),
    Function("substr", substr, (_INT, _INT, _STRING)),
    Function("nospace", lambda text: _SPACE.sub("", text), (_STRING,)),
    Function("trunc", trunc, (_INT, _STRING)),
    Function("abbrev", abbrev, (_INT, _STRING)),
    Function("abbrevboth", abbrevboth, (_INT, _INT, _STRING)),
    Function("initials", initials, (_STRING,)),
    Function("wrap", wrap, (_INT, _STRING)),
    Function("wrapWith", wrap_with, (_INT, _STRING, _STRING)),
    Function("contains", lambda part, text: part in text, (_STRING, _STRING)),
    Function("hasPrefix", lambda start, text: text.startswith(start), (_STRING, _STRING)),
    Function("hasSuffix", lambda end, text: text.endswith(end), (_STRING, _STRING)),
    Function("quote", quoted, (), _ANY),
    Function("squote", squoted, (), _ANY),
    Function("cat", cat, (), _ANY),
    Function("indent", indent, (_INT, _STRING)),
    Function("nindent", lambda spaces, text: "\n" + indent(spaces, text), (_INT, _STRING)),
    Function("replace", replace, (_STRING, _STRING, _STRING)),
    Function(
        "plural", lambda one, many, count: one if count == 1 else many, (_STRING, _STRING, _INT)
    ),
    Function("toString", to_text, (_ANY,)),
    Function("toStrings", to_texts, (_ANY,)),
    Function("split", lambda by, text: _numbered(split_list(by, text)), (_STRING, _STRING)),
    Function(
        "splitn",
        lambda by, most, text: _numbered(split_list(by, text, most)),
        (_STRING, _INT, _STRING),
    ),
    Function("splitList", split_list, (_STRING, _STRING)),
    Function("join", join, (_STRING, _ANY)),
    Function(
        "sortAlpha",
        lambda values: sorted(to_texts(values)) if _is_list(values) else [to_text(values)],
        (_ANY,),
    ),
)
