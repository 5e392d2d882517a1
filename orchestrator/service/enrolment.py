"""Enrolment: what the hub asks (`Admissions`), over the registry and the authority."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog
from cryptography.hazmat.primitives.serialization import Encoding

from orchestrator.config.state_folder import StateFolder, random_name
from orchestrator.errors import BadInput, Refused
from orchestrator.hosts.agent.admission import AdmittedAgent, Enrolment, EnrolmentRequest
from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_certificates import fingerprint_of_key
from orchestrator.hosts.agent.identity_request import requested_key
from orchestrator.hosts.agent.identity_token import (
    HUB_PORT,
    SALT_BYTES,
    EnrolmentToken,
    checked_hub_url,
    new_secret,
    read_ca_file,
    read_token,
    salted_hash,
    secret_fits,
)
from orchestrator.model.hosts import HostIdentity
from orchestrator.registry.agent_tokens import AgentTokens, KnownToken, WhyNot, checked_host_rule
from orchestrator.registry.agents import LIVE, Agents, AgentState, KnownAgent
from orchestrator.registry.database import Database
from orchestrator.registry.endpoints import Hosts
from orchestrator.service.agent_hosts import register_agent_host

LONGEST_LIFE: Final = timedelta(days=30)
MOST_USES: Final = 1000

_HOST_NAME: Final = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_WORD: Final = re.compile(r"[A-Za-z0-9.+_-]{1,64}")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Enrolments:
    """Admits agents. Blocks: to be called in a thread. Threads and processes may share what is behind it."""

    folder: StateFolder
    database: Database

    @property
    def agents(self) -> Agents:
        """The agents on record."""
        return Agents(self.database)

    @property
    def tokens(self) -> AgentTokens:
        """The tokens on record."""
        return AgentTokens(self.database)

    def authority(self, now: datetime) -> AgentAuthority:
        """Return the installation's authority, made at first use.

        Raises:
            Refused: `agent.authority-lost`, agents or tokens rest on one that is gone; or
                `agent.authority-expired`.
            BadInput: `agent.key-unusable`.
        """
        if not AgentAuthority.exists(self.folder.keys) and self._anybody_trusts_it(now):
            what = "Agents or tokens on record rest on an authority whose files are gone."
            raise Refused("agent.authority-lost", what, subject=str(self.folder.keys))
        return AgentAuthority.load_or_make(self.folder.keys, self.folder.installation(), now)

    def create_token(
        self,
        now: datetime,
        *,
        uses: int,
        life: timedelta,
        host_rule: str,
        approves: bool = False,
        hub_url: str | None = None,
        ca_file: Path | None = None,
    ) -> tuple[KnownToken, EnrolmentToken]:
        """Make a token. Its secret is in what is returned, and nowhere else.

        Args:
            now: when.
            uses: how many hosts may enrol with it.
            life: for how long.
            host_rule: which host names; `*` stands for any characters.
            approves: whether hosts that enrol with it need no person.
            hub_url: as the hosts see the hub; None for the name that its certificate has, and the usual port.
            ca_file: what the hub's certificate is verified with, if not with our own authority.

        Raises:
            BadInput: `input.bad-name`, `agent.hub-unnamed`, or `agent.key-unusable` for the CA file.
            Refused: as `authority`.
        """
        if not 1 <= uses <= MOST_USES or not timedelta(0) < life <= LONGEST_LIFE:
            raise ValueError("out of the range that the command line allows")
        rule = checked_host_rule(host_rule)
        authority = self.authority(now)
        url = _hub_url(authority, hub_url, now, ours=ca_file is None)
        ca = (
            authority.certificate.public_bytes(Encoding.PEM).decode()
            if ca_file is None
            else read_ca_file(ca_file)
        )
        secret, salt = new_secret(), os.urandom(SALT_BYTES)
        token = EnrolmentToken(url, random_name(10), secret, ca)
        known = KnownToken(
            token_id=token.token_id,
            salt=salt,
            secret_hash=salted_hash(secret, salt),
            host_rule=rule,
            approves=approves,
            uses=uses,
            uses_left=uses,
            created_at=now,
            expires_at=now + life,
        )
        self.tokens.add(known)
        return known, token

    def enrol(self, request: EnrolmentRequest, now: datetime) -> Enrolment:
        """See `Admissions`."""
        host_name, key = request.host_name.lower(), requested_key(request.signing_request)
        if not _HOST_NAME.fullmatch(host_name):
            raise BadInput("agent.bad-request", "The name of the host is none.")
        if not (_WORD.fullmatch(request.agent_version) and _WORD.fullmatch(request.backend)):
            raise BadInput("agent.bad-request", "The version or the kind of host is no word.")
        try:
            token = read_token(request.token)
        except BadInput:
            raise _refused(WhyNot.UNREADABLE, host_name) from None
        candidate = KnownAgent(
            agent_id=random_name(16),
            host_name=host_name,
            fingerprint=fingerprint_of_key(key),
            state=AgentState.PENDING,
            backend=request.backend,
            version=request.agent_version,
            enrolled_at=now,
            token_id=token.token_id,
        )
        authority = self.authority(now)  # before a use is taken: without it there is nothing to admit to
        found = self.tokens.admit(
            token.token_id,
            lambda known: secret_fits(token.secret, known.salt, known.secret_hash),
            candidate,
        )
        if isinstance(found, WhyNot):
            raise _refused(found, host_name, token.token_id, candidate.fingerprint)
        approved = found.state is AgentState.APPROVED
        _log.info(
            "agent enrolled", host=host_name, agent=found.agent_id, key=found.fingerprint, approved=approved
        )
        return Enrolment(found.agent_id, authority.admit(key, found.agent_id, now), approved)

    def admitted(self, key_fingerprint: str) -> AdmittedAgent | None:
        """See `Admissions`."""
        found = self.agents.pinned(key_fingerprint)
        if found is None:
            return None
        return AdmittedAgent(found.agent_id, found.host_name, found.state is AgentState.APPROVED)

    def seen(self, agent_id: str, version: str, now: datetime) -> None:
        """See `Admissions`."""
        self.agents.seen(agent_id, version if _WORD.fullmatch(version) else "unknown", now)

    def renew(self, key_fingerprint: str, signing_request: str, now: datetime) -> str:
        """Issue another certificate for a key that is pinned: the pin stays as it is.

        Args:
            key_fingerprint: of the key that the agent has just proven in its TLS handshake.
            signing_request: PEM, for the same key.
            now: when.

        Raises:
            BadInput: `agent.bad-request`, also when the key is another or not pinned (any more).
        """
        key = requested_key(signing_request)
        found = self.agents.pinned(key_fingerprint)
        if found is None or fingerprint_of_key(key) != key_fingerprint:
            raise BadInput(
                "agent.bad-request", "The certificate asked for is not for the key that is pinned."
            )
        return self.authority(now).admit(key, found.agent_id, now)

    def met(self, agent_id: str, identity: HostIdentity, now: datetime) -> None:
        """Register the host of an approved agent that has said who it is. Idempotent.

        What keeps it from being registered (a name that is taken, a Windows that is not supported) is told to
        the log, not to the agent.
        """
        try:
            register_agent_host(Hosts(self.database), self.agents, agent_id, identity, now)
        except (BadInput, Refused) as error:
            _log.warning("host not registered", agent=agent_id, code=error.code, why=error.what)

    def _anybody_trusts_it(self, now: datetime) -> bool:
        live: Sequence[object] = [each for each in self.agents.list() if each.state in LIVE]
        return bool(live) or any(each.is_good(now) for each in self.tokens.list())


def _hub_url(authority: AgentAuthority, url: str | None, now: datetime, *, ours: bool) -> str:
    """Return the address to put into a token, once the hub's certificate, if we make it, fits it."""
    if url is None:
        names = authority.hub_names()
        if not names:
            raise BadInput("agent.hub-unnamed", "No name of the hub is known here yet.")
        return checked_hub_url(f"https://{names[0]}:{HUB_PORT}")
    checked = checked_hub_url(url)
    if ours:
        authority.hub_files([*authority.hub_names(), str(urlsplit(checked).hostname)], now)
    return checked


def _refused(why_not: WhyNot, host_name: str, token_id: str = "", fingerprint: str = "") -> Refused:
    """Tell the admin's log why, and whoever asks nothing but that it is so."""
    _log.warning(
        "enrolment refused", why=why_not.value, host=host_name, enrolled_with=token_id, key=fingerprint
    )
    return Refused("agent.token-refused", "The hub does not take this token.")
