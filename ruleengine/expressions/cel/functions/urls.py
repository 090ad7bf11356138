"""URLs, read as Go's ``net/url`` reads those of a request: absolute, or a path from the root."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ruleengine.expressions.cel.functions.function import Function, member, plain
from ruleengine.expressions.cel.values import CelError, no_overload
from ruleengine.expressions.language import ExpressionError, Meter
from ruleengine.expressions.sprig import urls
from ruleengine.formats.go_text import whole

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_ENCODED: Final = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,;=:@/\[\]]|%[0-9A-Fa-f]{2})*")
_PAIR: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORT: Final = re.compile(r":([0-9]*)\Z")
_PATH_SAFE: Final = "-_.~$&+,/:;=@"


@dataclass(frozen=True, slots=True)
class Url:
    """A URL as a value of CEL."""

    text: str

    cel_type: ClassVar[str] = "kubernetes.URL"

    @property
    def parts(self) -> dict[str, str]:
        """The parts of the URL."""
        return urls.parse(self.text)


def check_url(text: str) -> str | None:
    """Return why a text is no URL of a request, or ``None``."""
    if not text:
        return "it is empty"
    if not _SCHEME.match(text) and not text.startswith("/") and text != "*":
        return "it is neither absolute nor a path from the root"
    if text.startswith("//"):
        text = text[1:]  # of a request this is a path
    try:
        urls.parse(text)
    except ExpressionError as error:
        return error.message.removeprefix("unable to parse url: ")
    return None


def _url(meter: Meter, text: Any) -> Url:
    del meter
    if not isinstance(text, str):
        raise no_overload("url", text)
    problem = check_url(text)
    if problem is None:
        try:
            urls.parse(text)
        except ExpressionError as error:
            problem = error.message
    if problem is not None:
        raise CelError(f"the text is no URL: {problem}")
    return Url(text)


def _is_url(meter: Meter, text: Any) -> bool:
    del meter
    if not isinstance(text, str):
        raise no_overload("isURL", text)
    return check_url(text) is None


def _part(function: str, name: str) -> Function:
    def part(meter: Meter, value: Any) -> str:
        del meter
        return _checked(function, value).parts[name]

    return member(part, 1)


def _checked(function: str, value: Any) -> Url:
    if not isinstance(value, Url):
        raise no_overload(function, value)
    return value


def _port(meter: Meter, value: Any) -> str:
    del meter
    found = _PORT.search(_checked("getPort", value).parts["host"])
    return found[1] if found else ""


def _escaped_path(meter: Meter, value: Any) -> str:
    del meter
    url = _checked("getEscapedPath", value)
    rest = url.text.partition("#")[0].partition("?")[0]
    scheme = _SCHEME.match(rest)
    rest = rest[scheme.end() :] if scheme else rest
    if scheme and not rest.startswith("/"):
        return ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        _, slash, path = rest[2:].partition("/")
        rest = slash + path
    if _ENCODED.fullmatch(rest):
        return rest
    return urllib.parse.quote(urllib.parse.unquote_to_bytes(rest), safe=_PATH_SAFE)


def _query(meter: Meter, value: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in _checked("getQuery", value).parts["query"].split("&"):
        meter.step()
        if not pair or ";" in pair or _PAIR.search(pair):
            continue
        key, _, content = pair.partition("=")
        found.setdefault(_plus(key), []).append(_plus(content))
    return found


def _plus(text: str) -> str:
    return whole(urllib.parse.unquote_plus(text, errors="replace"))


FUNCTIONS: Mapping[str, Function] = {
    "url": plain(_url, 1),
    "isURL": plain(_is_url, 1),
    "getScheme": _part("getScheme", "scheme"),
    "getHost": _part("getHost", "host"),
    "getHostname": _part("getHostname", "hostname"),
    "getPort": member(_port, 1),
    "getEscapedPath": member(_escaped_path, 1),
    "getQuery": member(_query, 1),
}
