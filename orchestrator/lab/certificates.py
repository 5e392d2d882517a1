"""A certificate authority of the lab's own, and a server certificate for this machine's loopback."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orchestrator.hosts.agent.identity_certificates import key_usage

LIFE: Final = timedelta(days=365)
CLOCK_TOLERANCE: Final = timedelta(hours=1)  # for a client whose clock is behind


@dataclass(frozen=True, slots=True)
class LabCertificates:
    """What a lab's servers present, and what their clients verify it with.

    Attributes:
        ca_file: PEM file of the certificate authority.
        server: context for a server on 127.0.0.1 or localhost.
    """

    ca_file: Path
    server: ssl.SSLContext

    @classmethod
    def make(cls, folder: Path) -> LabCertificates:
        """Make both anew and write them to a folder. The authority's key is thrown away."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = _authority(ca_key)
        certificate = _server_certificate(server_key, ca, ca_key)
        ca_file, chain_file = folder / "ca.pem", folder / "server.pem"
        ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
        chain_file.touch(mode=0o600)
        chain_file.write_bytes(
            server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(chain_file)
        return cls(ca_file, server)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _named("Quiesce lab CA")
    return (
        _draft(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server_certificate(
    key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _draft(_named("Quiesce lab server"), ca.subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _draft(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + LIFE)
    )
