"""What a client needs to trust the server and to be trusted: CA, certificate, token.

Made once per state folder; everything secret is readable by its owner only.
"""

import base64
import ipaddress
import secrets
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruleengine.formats import json_text
from ruleengine.formats.private_files import write_private
from ruleengine.model.digests import short_digest
from ruleengine.model.errors import StoreError, UsageError
from ruleengine.model.secrets import Secret
from ruleengine.model.values import Object

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

_AUTHORITY: Final = "ruleengine local CA"
_LIFE: Final = timedelta(days=3650)
_LONGEST_NAME: Final = 64
_CLIENT_LIFE: Final = timedelta(days=365)
FILES: Final = ("ca.crt", "ca.key", "server.crt", "server.key", "token", "kubeconfig")
"""The files that this module writes into a state folder."""

USER_FILES: Final = "kubeconfig-"
"""How the names of kubeconfigs of other users begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Where the TLS files of a server are, and its token."""

    authority: Path
    authority_key: Path
    certificate: Path
    key: Path
    token: Secret


def prepare(folder: Path) -> Material:
    """Return the material of a state folder, made where any of it is missing or broken."""
    found = Material(
        authority=folder / "ca.crt",
        authority_key=folder / "ca.key",
        certificate=folder / "server.crt",
        key=folder / "server.key",
        token=_token(folder / "token"),
    )
    if not _is_usable(found):
        _mint(found)
    return found


def _is_usable(material: Material) -> bool:
    """Tell whether TLS takes the files: whatever cannot be read can be made anew."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(material.authority, material.authority_key)
        context.load_cert_chain(material.certificate, material.key)
        context.load_verify_locations(material.authority)
    except OSError:  # what OpenSSL complains of is one, too
        return False
    return True


def _token(path: Path) -> Secret:
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return Secret(path.read_text().strip())


def write_kubeconfig(folder: Path, url: str, material: Material) -> Path:
    """Write the kubeconfig of a server and return where it is."""
    user = {"token": material.token.reveal()}
    return _write_kubeconfig(folder / "kubeconfig", url, material.authority, user)


def write_user_kubeconfig(folder: Path, url: str, name: str, groups: Sequence[str]) -> Path:
    """Write a kubeconfig that speaks for a user, by a certificate, and return where it is.

    Raises ``UsageError`` for a name that no certificate can carry.
    """
    wrong = next((one for one in (name, *groups) if not 0 < len(one) <= _LONGEST_NAME), None)
    if wrong is not None:
        raise UsageError(
            f"{wrong!r} cannot be named by a certificate",
            f"choose a name of at most {_LONGEST_NAME} characters",
        )
    material = prepare(folder)
    certificate, key = _sign_client(material, name, groups)
    user = {
        "client-certificate-data": base64.b64encode(certificate).decode(),
        "client-key-data": base64.b64encode(key).decode(),
    }
    path = folder / f"{USER_FILES}{short_digest([name, *groups])}"
    return _write_kubeconfig(path, url, material.authority, user)


def _write_kubeconfig(path: Path, url: str, authority: Path, user: Object) -> Path:
    trusted = base64.b64encode(authority.read_bytes()).decode()
    name = "ruleengine-local"
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": url, "certificate-authority-data": trusted}}
        ],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    write_private(path, json_text.pretty(value).encode())
    return path


def _mint(material: Material) -> None:
    """Make an authority, and the certificate of the server that it signs."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key).sign(authority_key, hashes.SHA256())
    certificate = _certificate(server_key, authority_key).sign(authority_key, hashes.SHA256())
    write_private(material.authority_key, _pem_of_key(authority_key))
    write_private(material.key, _pem_of_key(server_key))
    write_private(material.certificate, _pem(certificate))
    write_private(material.authority, _pem(authority))


def _sign_client(material: Material, name: str, groups: Sequence[str]) -> tuple[bytes, bytes]:
    """Return certificate and key of a user: common name and organizations, as Kubernetes has it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    signer = serialization.load_pem_private_key(material.authority_key.read_bytes(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise StoreError(
            f"{material.authority_key} holds no key of ours",
            "ruleengine local reset makes new ones",
        )
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = (
        _builder(name, key, groups=groups, life=_CLIENT_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return _pem(certificate), _pem_of_key(key)


def _pem(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_of_key(key: "ec.EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _builder(
    name: str,
    key: "ec.EllipticCurvePrivateKey",
    *,
    groups: Sequence[str] = (),
    life: timedelta = _LIFE,
) -> "x509.CertificateBuilder":
    """Return what every certificate of ours begins with."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def subject(text: str, organizations: Sequence[str] = ()) -> x509.Name:
        parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, one) for one in organizations]
        return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, text)])

    begin = datetime.now(UTC) - timedelta(days=1)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject(name, groups))
        .issuer_name(subject(_AUTHORITY))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life)
        .add_extension(identifier, critical=False)
    )


def _authority(key: "ec.EllipticCurvePrivateKey") -> "x509.CertificateBuilder":
    from cryptography import x509

    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(_AUTHORITY, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )


def _certificate(
    key: "ec.EllipticCurvePrivateKey", authority_key: "ec.EllipticCurvePrivateKey"
) -> "x509.CertificateBuilder":
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
            x509.IPAddress(ipaddress.ip_address("::1")),
        ]
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _builder("ruleengine local control plane", key)
        .add_extension(names, critical=False)
        .add_extension(issuer, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
