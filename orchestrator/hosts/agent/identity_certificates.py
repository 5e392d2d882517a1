"""Keys, signing requests and certificates of agents, of the hub and of the orchestrator. No clock, no files.

One authority signs all three, so a certificate says which of them it is for: its subject alternative name
holds `urn:quiesce:ROLE`. Agents' certificates carry no DNS name. So none of them passes for the hub's,
whatever the agent called itself; an agent is known by the fingerprint of its key, not by a name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Role = Literal["hub", "orchestrator", "agent"]

AUTHORITY_LIFE: Final = timedelta(days=3650)
LIFE: Final = timedelta(days=365)
RENEW_BEFORE: Final = LIFE / 3  # a host may be switched off for four months and still renew by itself
CLOCK_TOLERANCE: Final = timedelta(hours=1)  # for a peer whose clock is behind

# What the library raises for bytes that are no key, request or certificate, or none that it knows.
UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)

_URN: Final = "urn:quiesce:"
_USES: Final = {
    "hub": (ExtendedKeyUsageOID.SERVER_AUTH,),
    "orchestrator": (ExtendedKeyUsageOID.CLIENT_AUTH,),
    "agent": (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH),  # it dials out, or listens
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """A certificate authority: its certificate, and the key that signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def make(cls, key: ec.EllipticCurvePrivateKey, name: str, now: datetime) -> Issuer:
        """Make the certificate of a new authority."""
        subject = _named(name)
        certificate = (
            _draft(subject, subject, key.public_key(), now, now + AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    def issue(
        self,
        public_key: CertificatePublicKeyTypes,
        role: Role,
        now: datetime,
        *,
        agent_id: str = "",
        names: Sequence[str] = (),
    ) -> x509.Certificate:
        """Issue a certificate for a year, or for as long as the authority itself has left.

        Args:
            public_key: of whom it is for.
            role: what it is good for.
            now: when.
            agent_id: of the agent, for that role.
            names: DNS names and IP addresses by which the hub is dialled, for that role.
        """
        urn = f"{_URN}{role}:{agent_id}" if agent_id else f"{_URN}{role}"
        alternatives = [x509.UniformResourceIdentifier(urn), *map(_general_name, names)]
        end = min(now + LIFE, self.certificate.not_valid_after_utc)
        own_key = self.certificate.public_key()
        assert isinstance(own_key, ec.EllipticCurvePublicKey)  # noqa: S101 - it belongs to our own key
        return (
            _draft(
                _named(f"Quiesce {role} {agent_id}".strip()), self.certificate.subject, public_key, now, end
            )
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(_USES[role]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(own_key), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a fresh key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def fingerprint_of_key(public_key: CertificatePublicKeyTypes) -> str:
    """Return the sha256 of the key's DER form (SubjectPublicKeyInfo), in hex: what is pinned."""
    return sha256(public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def fingerprint_of(certificate_der: bytes) -> str:
    """Return the same of a certificate's key.

    Raises:
        ValueError: it is no certificate.
    """
    return fingerprint_of_key(x509.load_der_x509_certificate(certificate_der).public_key())


def role_of(certificate_der: bytes) -> Role | None:
    """Tell what a certificate is for; None if it does not say. Only the authority's signature makes it true.

    Raises:
        ValueError: it is no certificate.
    """
    for urn in _urns(x509.load_der_x509_certificate(certificate_der)):
        for role in _USES:
            if urn.removeprefix(_URN).partition(":")[0] == role:
                return role  # type: ignore[return-value] # the table's keys are the roles
    return None


def names_in(certificate: x509.Certificate) -> list[str]:
    """Return the DNS names and IP addresses of a certificate, as they were given."""
    found = _alternatives(certificate)
    return [
        each.value if isinstance(each, x509.DNSName) else str(each.value) for each in found if _is_name(each)
    ]


def is_due(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether it is time to renew a certificate."""
    return now >= certificate.not_valid_after_utc - RENEW_BEFORE or now < certificate.not_valid_before_utc


def _urns(certificate: x509.Certificate) -> list[str]:
    return [
        each.value
        for each in _alternatives(certificate)
        if isinstance(each, x509.UniformResourceIdentifier) and each.value.startswith(_URN)
    ]


def _alternatives(certificate: x509.Certificate) -> list[x509.GeneralName]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def _is_name(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.DNSName | x509.IPAddress)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _draft(
    subject: x509.Name, issuer: x509.Name, public_key: CertificatePublicKeyTypes, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Return what a key may be used for: an authority's signs certificates, any other only proves itself."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
