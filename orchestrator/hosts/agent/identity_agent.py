"""What an agent keeps of its own: key, certificate, whom it belongs to. Runs on Windows too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import TypeAdapter, ValidationError

from orchestrator.config.state_folder import StateFolder
from orchestrator.errors import BadInput, Refused
from orchestrator.hosts.agent.identity_certificates import fingerprint_of_key, is_due, new_key, role_of
from orchestrator.hosts.agent.identity_files import (
    PrivateKey,
    make_private_folder,
    read_certificate,
    read_key,
    unusable,
    write_key,
    write_private,
)
from orchestrator.hosts.agent.identity_tls import TlsFiles


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """Who an agent is, as it was told when it enrolled.

    Attributes:
        agent_id: by which the hub knows it.
        hub_url: which it dials.
        host_name: under which it enrolled.
        backend: kind of host that it serves.
    """

    agent_id: str
    hub_url: str
    host_name: str
    backend: str


_IDENTITY: Final = TypeAdapter(AgentIdentity)


@dataclass(frozen=True, slots=True)
class AgentFolder:
    """The state folder of one agent. Blocks."""

    root: Path

    @classmethod
    def default(cls) -> AgentFolder:
        """Return the one inside the state folder that the environment names; nothing is made."""
        return cls(StateFolder.from_environment().root / "agent")

    @property
    def tls_files(self) -> TlsFiles:
        """What the agent presents, and what it verifies the hub with."""
        return TlsFiles(self.root / "identity.pem", self.root / "identity.key", self.root / "hub-ca.pem")

    @property
    def enrolled(self) -> bool:
        """Whether an enrolment was ever carried to its end."""
        return self._facts.exists()

    def identity(self) -> AgentIdentity:
        """Return who the agent is.

        Raises:
            BadInput: `agent.not-enrolled`, or `agent.key-unusable` if what is there does not fit together.
        """
        if not self.enrolled:
            raise BadInput("agent.not-enrolled", "There is no identity in it.", subject=str(self.root))
        certificate = read_certificate(self.tls_files.certificate)
        if certificate.public_key() != read_key(self.tls_files.key).public_key():
            raise unusable(self.tls_files.certificate, "it belongs to another key than the one beside it")
        try:
            return _IDENTITY.validate_json(self._facts.read_bytes())
        except (OSError, ValidationError):
            raise unusable(self._facts, "it does not say who the agent is") from None

    def begin(self) -> ec.EllipticCurvePrivateKey:
        """Return the key to enrol with: made at the first try, the same at the next ones.

        A hub whose answer was lost knows the key again, and takes no second use of the token.

        Raises:
            Refused: `agent.already-enrolled`.
            BadInput: `agent.key-unusable`.
        """
        self.demand_empty()
        make_private_folder(self.root)
        path = self.tls_files.key
        if not path.exists():
            write_key(path, new_key())
        key = read_key(path)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise unusable(path, "not a key that Quiesce made")
        return key

    def demand_empty(self) -> None:
        """Refuse a folder that holds an identity.

        Raises:
            Refused: `agent.already-enrolled`.
        """
        if self.enrolled:
            raise Refused("agent.already-enrolled", "There is an identity in it.", subject=str(self.root))

    def finish(self, identity: AgentIdentity, certificate: str, ca: str) -> None:
        """Keep what the hub answered. Who the agent is comes last: without it, the rest is nothing.

        Raises:
            BadInput: `agent.key-unusable`.
        """
        write_private(self.tls_files.ca_file, ca.encode())
        self.renewed(certificate)
        write_private(self._facts, _IDENTITY.dump_json(identity, indent=2) + b"\n")

    def adopt(self, key: Path, certificate: Path) -> PrivateKey:
        """Take over a key and a certificate that a company's own authority issued.

        Raises:
            Refused: `agent.already-enrolled`.
            BadInput: `agent.key-unusable`; nothing is kept.
        """
        self.demand_empty()
        own = read_key(key)
        if read_certificate(certificate).public_key() != own.public_key():
            raise unusable(certificate, f"it belongs to another key than {key}")
        make_private_folder(self.root)
        write_private(self.tls_files.key, key.read_bytes())
        return own

    def begin_renewal(self) -> PrivateKey:
        """Return the key to ask another certificate for: the same, since it is what is pinned.

        Raises:
            BadInput: `agent.not-enrolled`, `agent.key-unusable`.
        """
        self.identity()
        return read_key(self.tls_files.key)

    def renewed(self, certificate: str) -> None:
        """Keep a certificate for the same key."""
        write_private(self.tls_files.certificate, certificate.encode())

    def renewal_is_due(self, now: datetime) -> bool:
        """Tell whether a third of the certificate's life, or less, is left.

        Never of a company's own certificate: we cannot renew it, and must not put one of ours in its place.
        """
        certificate = read_certificate(self.tls_files.certificate)
        return role_of(certificate.public_bytes(Encoding.DER)) == "agent" and is_due(certificate, now)

    def fingerprint(self) -> str:
        """Return the fingerprint of the agent's key, as an admin sees it before approval."""
        return fingerprint_of_key(read_key(self.tls_files.key).public_key())

    @property
    def _facts(self) -> Path:
        return self.root / "identity.json"
