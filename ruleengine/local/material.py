"""What a client needs to trust the server and to be trusted: CA, certificate, token.

Made once per state folder; everything secret is readable by its owner only.
"""

import base64
import ipaddress
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ruleengine.formats import yaml_writer
from ruleengine.model.secrets import Secret

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

_AUTHORITY: Final = "ruleengine local CA"
_LIFE: Final = timedelta(days=3650)
FILES: Final = ("ca.crt", "server.crt", "server.key", "token", "kubeconfig")
"""The files that this module writes into a state folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Where the TLS files of a server are, and its token."""

    authority: Path
    certificate: Path
    key: Path
    token: Secret


def prepare(folder: Path) -> Material:
    """Return the material of a state folder, made where any of it is missing."""
    found = Material(
        authority=folder / "ca.crt",
        certificate=folder / "server.crt",
        key=folder / "server.key",
        token=_token(folder / "token"),
    )
    if not all(path.exists() for path in (found.authority, found.certificate, found.key)):
        _mint(found)
    return found


def _token(path: Path) -> Secret:
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32).encode())
    return Secret(path.read_text().strip())


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_kubeconfig(folder: Path, url: str, material: Material) -> Path:
    """Write the kubeconfig of a server and return where it is."""
    authority = base64.b64encode(material.authority.read_bytes()).decode()
    name = "ruleengine-local"
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": url, "certificate-authority-data": authority}}
        ],
        "users": [{"name": name, "user": {"token": material.token.reveal()}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    path = folder / "kubeconfig"
    write_private(path, yaml_writer.write(value).encode())
    return path


def _mint(material: Material) -> None:
    """Make a CA that signs one certificate and is forgotten; its key is never stored."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key).sign(authority_key, hashes.SHA256())
    certificate = _certificate(server_key, authority_key).sign(authority_key, hashes.SHA256())
    private = server_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(material.key, private)
    write_private(material.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    write_private(material.authority, authority.public_bytes(serialization.Encoding.PEM))


def _builder(name: str, key: "ec.EllipticCurvePrivateKey") -> "x509.CertificateBuilder":
    """Return what every certificate of ours begins with."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def subject(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    begin = datetime.now(UTC) - timedelta(days=1)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject(name))
        .issuer_name(subject(_AUTHORITY))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _LIFE)
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
