"""Functions of passwords: hashes for password files, derived passwords, and AES.

``bcrypt`` comes from the library of that name, which is an extra: ``ruleengine[bcrypt]``.
"""

import base64
import hashlib
import hmac
import struct
from typing import Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.surroundings import Surroundings
from ruleengine.formats.go_text import from_bytes, to_bytes

_INT, _STRING = Kind.INT, Kind.STRING

_SLOW: Final = 20_000
"""How many steps a function is worth that is slow on purpose."""

_ROUNDS: Final = 10
_STANDARD: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPTS: Final = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_BLOCK: Final = 16

_PURPOSE: Final = b"com.lyndir.masterpassword"
_MEMORY: Final = 128 * 1024 * 1024
_SHAPES: Final = {
    "maximum": "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno",
    "long": (
        "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv"
        " CvccCvcvCvcvno CvcvnoCvccCvcv CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc"
        " CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv CvccCvccCvcvno"
        " CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc"
        " CvccCvcvCvccno"
    ),
    "medium": "CvcnoCvc CvcCvcno",
    "short": "Cvcn",
    "basic": "aaanaaan aannaaan aaannaaa",
    "pin": "nnnn",
}
_LETTERS: Final = "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
_CHARACTERS: Final = {
    "V": "AEIOU",
    "C": "BCDFGHJKLMNPQRSTVWXYZ",
    "v": "aeiou",
    "c": "bcdfghjklmnpqrstvwxyz",
    "A": "AEIOUBCDFGHJKLMNPQRSTVWXYZ",
    "a": _LETTERS,
    "n": "0123456789",
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": _LETTERS + "0123456789!@#$%^&*()",
}
"""The shapes and alphabets of the Master Password algorithm (masterpassword.app)."""


def functions(surroundings: Surroundings) -> tuple[Function, ...]:
    """Return the functions of passwords for a source of random bytes."""

    def hashed(password: str) -> str:
        return bcrypt(password, surroundings.bytes(16))

    def line(user: str, password: str) -> str:
        if ":" in user:
            raise ExpressionError("the name of a user holds a colon")
        return f"{user}:{hashed(password)}"

    def encrypted(password: str, text: str) -> str:
        return encrypt(password, text, surroundings.bytes(_BLOCK)) if text else ""

    derived = (_INT, _STRING, _STRING, _STRING, _STRING)
    return (
        Function("bcrypt", hashed, (_STRING,), cost=_SLOW),
        Function("htpasswd", line, (_STRING, _STRING), cost=_SLOW),
        Function("derivePassword", derive, derived, cost=_SLOW),
        Function("encryptAES", encrypted, (_STRING, _STRING)),
        Function("decryptAES", decrypt, (_STRING, _STRING)),
    )


def bcrypt(password: str, salt: bytes) -> str:
    """Return the hash of a password with 16 bytes of salt. Raises ``ExpressionError``."""
    try:
        import bcrypt as library
    except ImportError:
        raise ExpressionError(
            "bcrypt is not installed", hint="install ruleengine[bcrypt]"
        ) from None
    data = to_bytes(password)
    if len(data) > 72 or b"\0" in data:
        raise ExpressionError("a password of more than 72 bytes, or with a zero byte")
    written = base64.b64encode(salt).rstrip(b"=").translate(bytes.maketrans(_STANDARD, _BCRYPTS))
    return library.hashpw(data, b"$2a$%d$%s" % (_ROUNDS, written)).decode()


def derive(counter: int, shape: str, password: str, user: str, site: str) -> str:
    """Return the password of a user for a site, as Master Password derives it."""
    if shape not in _SHAPES:
        raise ExpressionError(
            "there is no such type of password", hint="write " + ", ".join(_SHAPES)
        )
    if not 0 <= counter < 2**32:
        raise ExpressionError("the counter is no number of 32 bits")
    name, place = to_bytes(user), to_bytes(site)
    key = hashlib.scrypt(
        to_bytes(password),
        salt=_PURPOSE + struct.pack(">I", len(name)) + name,
        n=32768,
        r=8,
        p=2,
        maxmem=_MEMORY,
        dklen=64,
    )
    message = _PURPOSE + struct.pack(">I", len(place)) + place + struct.pack(">I", counter)
    seed = hmac.digest(key, message, "sha256")
    shapes = _SHAPES[shape].split()
    kinds = [_CHARACTERS[kind] for kind in shapes[seed[0] % len(shapes)]]
    return "".join(kind[seed[at] % len(kind)] for at, kind in enumerate(kinds, start=1))


def _key(password: str) -> bytes:
    return to_bytes(password)[:32].ljust(32, b"\0")


def encrypt(password: str, text: str, start: bytes) -> str:
    """Return a text encrypted with AES, block chained to block from 16 random bytes on."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    data = to_bytes(text)
    fill = _BLOCK - len(data) % _BLOCK
    worker = Cipher(algorithms.AES(_key(password)), modes.CBC(start)).encryptor()
    made = worker.update(data + bytes([fill]) * fill) + worker.finalize()
    return base64.b64encode(start + made).decode()


def decrypt(password: str, text: str) -> str:
    """Return what ``encrypt`` was given. Raises ``ExpressionError`` for other texts."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if not text:
        return ""
    try:
        data = base64.b64decode(to_bytes(text), validate=True)
    except ValueError:
        raise ExpressionError("the text is no base64") from None
    if len(data) < 2 * _BLOCK or len(data) % _BLOCK:
        raise ExpressionError("the text is nothing that was encrypted")
    worker = Cipher(algorithms.AES(_key(password)), modes.CBC(data[:_BLOCK])).decryptor()
    made = worker.update(data[_BLOCK:]) + worker.finalize()
    if not 1 <= made[-1] <= len(made):
        raise ExpressionError("the password is another one")
    return from_bytes(made[: -made[-1]])
