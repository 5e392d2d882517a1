"""The installation's own authority for agents, and the certificates of the hub and of the orchestrator.

Who holds the authority's key can pass for the hub and for any orchestrator. It never leaves this folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from orchestrator.errors import BadInput, Refused
from orchestrator.evidence.durable import locked
from orchestrator.hosts.agent.identity_certificates import Issuer, Role, is_due, names_in, new_key
from orchestrator.hosts.agent.identity_files import (
    read_certificate,
    read_key,
    unusable,
    write_key,
    write_private,
)
from orchestrator.hosts.agent.identity_request import RequestedKey
from orchestrator.hosts.agent.identity_tls import TlsFiles

_AUTHORITY: Final = "agents-ca"
_HUB: Final = "agents-hub"
_ORCHESTRATOR: Final = "agents-client"


@dataclass(frozen=True, slots=True)
class AgentAuthority:
    """Issues every certificate between this installation and its agents. Blocks."""

    folder: Path
    _issuer: Issuer = field(repr=False)

    @classmethod
    def exists(cls, folder: Path) -> bool:
        """Tell whether an authority was ever made here, and not wholly lost since."""
        return any((folder / f"{_AUTHORITY}.{ending}").exists() for ending in ("key", "pem"))

    @classmethod
    def load_or_make(cls, folder: Path, installation: str, now: datetime) -> AgentAuthority:
        """Return the authority; at first use it is made.

        An authority that was lost is never replaced: its agents would take the new one for a stranger.

        Args:
            folder: the installation's keys.
            installation: its name.
            now: when.

        Raises:
            BadInput: `agent.key-unusable`, others may read the key, it is damaged, or it is lost.
            Refused: `agent.authority-expired`.
        """
        key_path, path = folder / f"{_AUTHORITY}.key", folder / f"{_AUTHORITY}.pem"
        with locked(folder):
            if not key_path.exists() and not path.exists():
                write_key(key_path, new_key())
            key = _own_key(key_path)
            if not path.exists():  # we died between the two, or it was lost; the key alone makes it again
                certificate = Issuer.make(key, f"Quiesce agents of {installation}", now).certificate
                write_private(path, certificate.public_bytes(Encoding.PEM))
        issuer = Issuer(read_certificate(path), key)
        if issuer.certificate.public_key() != key.public_key():
            raise unusable(key_path, f"{path.name} beside it belongs to another key")
        if now >= issuer.certificate.not_valid_after_utc:
            what = f"It ended at {issuer.certificate.not_valid_after_utc.isoformat()}."
            raise Refused("agent.authority-expired", what, subject=str(path))
        return cls(folder, issuer)

    @property
    def certificate(self) -> x509.Certificate:
        """What agents verify the hub with."""
        return self._issuer.certificate

    @property
    def ca_file(self) -> Path:
        """The same as a PEM file."""
        return self.folder / f"{_AUTHORITY}.pem"

    def admit(self, public_key: RequestedKey, agent_id: str, now: datetime) -> str:
        """Issue an agent's certificate, in PEM form."""
        certificate = self._issuer.issue(public_key, "agent", now, agent_id=agent_id)
        return certificate.public_bytes(Encoding.PEM).decode("ascii")

    def hub_names(self) -> list[str]:
        """Return the names that the hub's certificate was made for; none before it was made."""
        path = self.folder / f"{_HUB}.pem"
        return names_in(read_certificate(path)) if path.exists() else []

    def hub_files(self, names: Sequence[str], now: datetime) -> TlsFiles:
        """Return the hub's certificate, made or renewed if need be.

        Args:
            names: DNS names and IP addresses by which agents dial; empty for those that it has.
            now: when.

        Raises:
            BadInput: `agent.hub-unnamed`, no name was ever given, or one that is none.
        """
        wanted = sorted({name.lower() for name in names}) or self.hub_names()
        if not wanted:
            raise BadInput("agent.hub-unnamed", "The hub's certificate needs a name by which agents dial.")
        return self._files(_HUB, "hub", now, wanted)

    def orchestrator_files(self, now: datetime) -> TlsFiles:
        """Return the certificate with which we dial agents that listen, made or renewed if need be."""
        return self._files(_ORCHESTRATOR, "orchestrator", now, ())

    def _files(self, stem: str, role: Role, now: datetime, names: Sequence[str]) -> TlsFiles:
        files = TlsFiles(self.folder / f"{stem}.pem", self.folder / f"{stem}.key", self.ca_file)
        with locked(self.folder):
            if not files.key.exists():
                write_key(files.key, new_key())
            key = _own_key(files.key)
            if not self._fits(files.certificate, key, names, now):
                certificate = self._issue(role, key, names, now)
                write_private(files.certificate, certificate.public_bytes(Encoding.PEM))
        return files

    def _issue(
        self, role: Role, key: ec.EllipticCurvePrivateKey, names: Sequence[str], now: datetime
    ) -> x509.Certificate:
        try:
            return self._issuer.issue(key.public_key(), role, now, names=names)
        except ValueError:
            what = f"Not every one of these is a DNS name or an IP address: {', '.join(names)}."
            raise BadInput("agent.hub-unnamed", what) from None

    def _fits(self, path: Path, key: ec.EllipticCurvePrivateKey, names: Sequence[str], now: datetime) -> bool:
        if not path.exists():
            return False
        certificate = read_certificate(path)
        return (
            certificate.public_key() == key.public_key()
            and certificate.issuer == self.certificate.subject
            and sorted(names_in(certificate)) == sorted(names)
            and not is_due(certificate, now)
        )


def _own_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = read_key(path)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise unusable(path, "not a key that Quiesce made")
    return key
