"""Who decides which agent may speak: the port through which the hub asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.model.hosts import HostIdentity


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What an agent without a certificate sends, over TLS.

    Attributes:
        token: the whole token, as its admin was given it.
        host_name: of the host, fully qualified.
        signing_request: PEM; its key is the one that will be pinned.
        agent_version: of Quiesce.
        backend: which kind of host it serves ("vss", "fsfreeze", "emulated-exchange").
    """

    token: str
    host_name: str
    signing_request: str
    agent_version: str
    backend: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The answer to it.

    Attributes:
        agent_id: by which it is known from now on.
        certificate: PEM, for its key.
        approved: False while an admin still has to approve it; it may connect, and is asked nothing.
    """

    agent_id: str
    certificate: str
    approved: bool


@dataclass(frozen=True, slots=True)
class AdmittedAgent:
    """An agent whose key is pinned.

    Attributes:
        agent_id: by which it is known.
        host_name: as enrolled.
        approved: whether it may be asked anything.
    """

    agent_id: str
    host_name: str
    approved: bool


class Admissions(Protocol):
    """What the hub asks. Blocks: to be called in a thread."""

    def enrol(self, request: EnrolmentRequest, now: datetime) -> Enrolment:
        """Take a use of a token, and admit an agent.

        Raises:
            Refused: `agent.token-refused`; unknown, expired, revoked, used up, or not for this host. Nothing
                has changed, and which of these it was is told to the admin's log alone.
            BadInput: `agent.bad-request`.
        """

    def admitted(self, key_fingerprint: str) -> AdmittedAgent | None:
        """Return the agent with this key, None if no such key is pinned (any more).

        Args:
            key_fingerprint: sha256 of the public key's DER SubjectPublicKeyInfo, hex.
        """

    def seen(self, agent_id: str, version: str, now: datetime) -> None:
        """Note that an agent has connected."""

    def renew(self, key_fingerprint: str, signing_request: str, now: datetime) -> str:
        """Return another certificate (PEM) for a key that is pinned, and that the agent has just proven.

        Raises:
            BadInput: `agent.bad-request`; the key is another, or not pinned (any more).
        """

    def met(self, agent_id: str, identity: HostIdentity, now: datetime) -> None:
        """Note which host an approved agent speaks for. Idempotent."""
