"""Private keys and certificates, made with ``cryptography``.

New keys come from the surroundings: no random bytes of ours could stand for the search for
primes. :func:`new_key` makes them where a program is not evaluated for its own sake, such as
on a command line; a reconciler never hands it in.
"""

import base64
import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ruleengine.expressions.go_functions import Function, Kind
from ruleengine.expressions.language import ExpressionError
from ruleengine.expressions.surroundings import Surroundings
from ruleengine.formats.go_text import to_bytes, type_name

if TYPE_CHECKING:
    from cryptography import x509

_INT, _LIST, _MAP, _STRING = Kind.INT, Kind.LIST, Kind.MAP, Kind.STRING

_SLOW: Final = 20_000
_KINDS: Final = {
    "": "rsa 4096",
    "rsa": "rsa 4096",
    "dsa": "dsa",
    "ecdsa": "ecdsa",
    "ed25519": "ed25519",
}
_USUAL: Final = "rsa 2048"

_Made = dict[str, str]
"""A certificate and its key as PEM, under ``Cert`` and ``Key``."""


def functions(surroundings: Surroundings) -> tuple[Function, ...]:
    """Return the functions of keys and certificates."""
    office = _Office(surroundings)
    names = (_STRING, _LIST, _LIST, _INT)
    rows: tuple[tuple[str, Any, tuple[Kind, ...]], ...] = (
        ("genPrivateKey", office.private_key, (_STRING,)),
        ("genCA", office.authority, (_STRING, _INT)),
        ("genCAWithKey", office.authority, (_STRING, _INT, _STRING)),
        ("genSelfSignedCert", office.self_signed, names),
        ("genSelfSignedCertWithKey", office.self_signed, (*names, _STRING)),
        ("genSignedCert", office.signed, (*names, _MAP)),
        ("genSignedCertWithKey", office.signed, (*names, _MAP, _STRING)),
        ("buildCustomCert", custom, (_STRING, _STRING)),
    )
    return tuple(Function(name, _guarded(call), kinds, cost=_SLOW) for name, call, kinds in rows)


def _guarded(call: Any) -> Any:
    def guard(*arguments: Any) -> Any:
        from cryptography.exceptions import UnsupportedAlgorithm

        try:
            return call(*arguments)
        except (ValueError, TypeError, OverflowError, UnsupportedAlgorithm):
            raise ExpressionError(
                "the key or the certificate cannot be read or used",
                hint="keys are PEM, names have at most 64 characters",
            ) from None

    return guard


class _Office:
    """Makes keys and certificates with the surroundings' clock and chance."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings

    def private_key(self, kind: str) -> str:
        if kind not in _KINDS:
            raise ExpressionError(
                "there is no such type of key", hint="write rsa, dsa, ecdsa or ed25519"
            )
        return self._surroundings.key(_KINDS[kind])

    def authority(self, name: str, days: int, key: str = "") -> _Made:
        return self._issue(name, self._draft(name, [], [], days), key, is_authority=True)

    def self_signed(
        self, name: str, addresses: list[Any], hosts: list[Any], days: int, key: str = ""
    ) -> _Made:
        return self._issue(name, self._draft(name, addresses, hosts, days), key)

    def signed(
        self,
        name: str,
        addresses: list[Any],
        hosts: list[Any],
        days: int,
        authority: dict[str, Any],
        key: str = "",
    ) -> _Made:
        cert, signer = authority.get("Cert"), authority.get("Key")
        if not isinstance(cert, str) or not isinstance(signer, str):
            raise ExpressionError("the authority has no Cert and Key", hint="make it with genCA")
        draft = self._draft(name, addresses, hosts, days)
        return self._issue(name, draft, key, (cert, signer))

    def _draft(
        self, name: str, addresses: list[Any], hosts: list[Any], days: int
    ) -> "x509.CertificateBuilder":
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        now = self._surroundings.time()
        draft = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .serial_number(int.from_bytes(self._surroundings.bytes(16), "big") >> 1 or 1)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=days))
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
        )
        others: list[x509.GeneralName] = [x509.DNSName(_text(one, "a host")) for one in hosts]
        others += [
            x509.IPAddress(ipaddress.ip_address(_text(one, "an address"))) for one in addresses
        ]
        if not others:
            return draft
        return draft.add_extension(x509.SubjectAlternativeName(others), critical=False)

    def _issue(
        self,
        name: str,
        draft: "x509.CertificateBuilder",
        key_text: str,
        authority: tuple[str, str] | None = None,
        *,
        is_authority: bool = False,
    ) -> _Made:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519

        key = _read_key(key_text or self._surroundings.key(_USUAL))
        draft = draft.public_key(key.public_key()).add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=None), critical=True
        )
        draft = draft.add_extension(_usage(signs=is_authority), critical=True)
        if authority:
            parent, signer = x509.load_pem_x509_certificate(to_bytes(authority[0])), authority[1]
            draft, signing = draft.issuer_name(parent.subject), _read_key(signer)
        else:
            draft, signing = draft.issuer_name(_named(name)), key
        digest = None if isinstance(signing, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        made = draft.sign(signing, digest)
        return {
            "Cert": made.public_bytes(serialization.Encoding.PEM).decode(),
            "Key": _key_text(key),
        }


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ExpressionError(f"{what} is a string, not {type_name(value)}")
    return value


def _named(name: str) -> "x509.Name":
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])


def _usage(*, signs: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        key_cert_sign=signs,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read_key(text: str) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(to_bytes(text), None)


def _key_text(key: Any) -> str:
    """Return a key in the form that Go gives it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    forms = serialization.PrivateFormat
    modern = isinstance(key, ed25519.Ed25519PrivateKey)
    data: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        forms.PKCS8 if modern else forms.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return data.decode()


def custom(certificate: str, key: str) -> _Made:
    """Return a certificate and its key that come as base64 of PEM, once they are readable."""
    from cryptography import x509

    cert, private = (base64.b64decode(to_bytes(one), validate=True) for one in (certificate, key))
    x509.load_pem_x509_certificate(cert)
    _read_key(private.decode())
    return {"Cert": cert.decode(), "Key": private.decode()}


def new_key(kind: str) -> str:
    """Return a new private key as PEM; chance comes from the operating system."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

    if kind == "ecdsa":
        return _key_text(ec.generate_private_key(ec.SECP256R1()))
    if kind == "ed25519":
        return _key_text(ed25519.Ed25519PrivateKey.generate())
    if kind == "dsa":
        return _key_text(dsa.generate_private_key(2048))
    return _key_text(rsa.generate_private_key(65537, int(kind.removeprefix("rsa "))))
