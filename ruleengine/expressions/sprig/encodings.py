"""Functions that encode: JSON, base64, base32 and digests."""

import base64
import hashlib
import re
import zlib
from collections.abc import Callable
from typing import Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.sprig.twins import twins
from ruleengine.formats.go_json import marshal, unmarshal
from ruleengine.formats.go_text import from_bytes, to_bytes

_ANY, _STRING = Kind.ANY, Kind.STRING

_BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_BASE32: Final = re.compile(rb"[A-Z2-7]*={0,6}")


def _loose(text: str) -> Any:
    try:
        return unmarshal(text)
    except ValueError:
        return None


def _or_nothing(value: Any, **options: Any) -> str:
    try:
        return marshal(value, **options)
    except ValueError:
        return ""


def b64dec(text: str) -> str:
    """Return what base64 stands for, or the error as a text, as sprig does."""
    return _decoded(text, _BASE64, 4, base64.b64decode, "base64")


def b32dec(text: str) -> str:
    """Return what base32 stands for, or the error as a text, as sprig does."""
    return _decoded(text, _BASE32, 8, base64.b32decode, "base32")


def _decoded(
    text: str, good: re.Pattern[bytes], group: int, decode: Callable[[bytes], bytes], name: str
) -> str:
    data = to_bytes(text)
    plain = data.translate(None, b"\r\n")
    places = [at for at, one in enumerate(data) if one not in b"\r\n"]
    if name == "base32":  # Go drops its line breaks before it counts
        data, places = plain, list(range(len(plain)))
    match = good.match(plain)
    end = match.end() if match else 0
    if end == len(plain) and not end % group:
        try:
            return from_bytes(decode(plain))
        except ValueError:
            end = len(plain) - group
    wrong = places[end] if end < len(plain) else len(data) - len(plain) % group
    return f"illegal {name} data at input byte {wrong}"


def _digest(name: str) -> Any:
    return lambda text: hashlib.new(name, to_bytes(text), usedforsecurity=False).hexdigest()


FUNCTIONS: Final = (
    Function("fromJson", _loose, (_STRING,)),
    Function("mustFromJson", unmarshal, (_STRING,)),
    Function("toJson", _or_nothing, (_ANY,)),
    Function("mustToJson", marshal, (_ANY,)),
    Function("toPrettyJson", lambda value: _or_nothing(value, indent="  "), (_ANY,)),
    Function("mustToPrettyJson", lambda value: marshal(value, indent="  "), (_ANY,)),
    *twins(Function("toRawJson", lambda value: marshal(value, escape_html=False), (_ANY,))),
    Function("b64enc", lambda text: base64.b64encode(to_bytes(text)).decode(), (_STRING,)),
    Function("b64dec", b64dec, (_STRING,)),
    Function("b32enc", lambda text: base64.b32encode(to_bytes(text)).decode(), (_STRING,)),
    Function("b32dec", b32dec, (_STRING,)),
    Function("sha1sum", _digest("sha1"), (_STRING,)),
    Function("sha256sum", _digest("sha256"), (_STRING,)),
    Function("sha512sum", _digest("sha512"), (_STRING,)),
    Function("adler32sum", lambda text: str(zlib.adler32(to_bytes(text))), (_STRING,)),
)
