"""Enrolment tokens: who may still enrol, and the one transaction in which a use is taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from sqlalchemy import Connection, insert, update

from orchestrator.errors import BadInput
from orchestrator.registry.agents import LIVE, Agents, AgentState, KnownAgent
from orchestrator.registry.database import Database
from orchestrator.registry.records import Records
from orchestrator.registry.tables import AGENT_TOKENS

_RULE: Final = re.compile(r"[a-z0-9._*-]{1,253}")


class WhyNot(StrEnum):
    """Why no agent was admitted: for the admin's log alone, never for whoever asks."""

    UNREADABLE = "not a whole token"
    UNKNOWN = "no such token"
    OTHER_SECRET = "the token's secret is another one"  # noqa: S105 - a reason, not a secret
    REVOKED = "the token was revoked"
    EXPIRED = "the token has expired"
    OTHER_HOST = "the token is not for a host of this name"
    USED_UP = "every use of the token is taken"
    KEY_IS_OUT = "the key belongs to an agent that was rejected or revoked, or to one of another host name"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownToken:
    """A token, without its secret.

    Attributes:
        token_id: by which admins know it.
        salt: of the hash.
        secret_hash: salted sha256 of the secret.
        host_rule: host names that it is for; `*` stands for any characters.
        approves: whether hosts that enrol with it need no person.
        uses: how many hosts may enrol.
        uses_left: how many still may.
        created_at: when.
        expires_at: from then on it is refused.
        revoked_at: when it was revoked, None if it was not.
    """

    token_id: str
    salt: bytes = field(repr=False)
    secret_hash: bytes = field(repr=False)
    host_rule: str
    approves: bool
    uses: int
    uses_left: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Tell whether any host could still enrol with it."""
        return self.revoked_at is None and now < self.expires_at and self.uses_left > 0


class AgentTokens(Records[KnownToken]):
    """The tokens on record. Those that are spent stay, for whoever wants to know."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, AGENT_TOKENS, KnownToken, unknown="input.unknown-token")

    def add(self, token: KnownToken) -> None:
        """Put a token on record."""
        with self._database.transaction() as connection:
            connection.execute(insert(AGENT_TOKENS).values(asdict(token)))

    def revoke(self, token_id: str, now: datetime) -> None:
        """Let nobody enrol with it any more. Agents that did stay as they are. Idempotent.

        Raises:
            BadInput: `input.unknown-token`.
        """
        with self._database.transaction() as connection:
            token = self._read(self._row(connection, token_id))
            if token.revoked_at is None:
                self._store(connection, replace(token, revoked_at=now))

    def admit(
        self, token_id: str, fits: Callable[[KnownToken], bool], candidate: KnownAgent
    ) -> KnownAgent | WhyNot:
        """Take a use of a token and put an agent on record: both, or nothing.

        The same key with the same host name gets the same answer again, without a second use: its first
        answer was lost.

        Args:
            token_id: of the token.
            fits: whether the secret that was shown is that of the token.
            candidate: the agent, pending, at the time of `enrolled_at`.

        Returns:
            The agent as it is on record now; it is approved at once only if the token says so and no other
            live agent has its host name: a leaked token must not put a stranger in the place of a host.
        """
        now = candidate.enrolled_at
        with self._database.transaction() as connection:
            row = self._row_if_any(connection, token_id)
            if row is None:
                return WhyNot.UNKNOWN
            why_not = _refusal(row, fits, candidate.host_name, now)
            if why_not is not None:
                return why_not
            agents = Agents(self._database)
            known = agents.known_within(
                connection, fingerprint=candidate.fingerprint, host_name=candidate.host_name
            )
            for each in known:
                if each.fingerprint == candidate.fingerprint:
                    same = each.state in LIVE and each.host_name == candidate.host_name
                    return each if same else WhyNot.KEY_IS_OUT
            if row.uses_left < 1:
                return WhyNot.USED_UP
            name_is_free = not any(each.state in LIVE for each in known)
            if row.approves and name_is_free:
                candidate = replace(candidate, state=AgentState.APPROVED, approved_at=now)
            self._store(connection, replace(row, uses_left=row.uses_left - 1))
            agents.add_within(connection, candidate)
        return candidate

    def _row_if_any(self, connection: Connection, token_id: str) -> KnownToken | None:
        try:
            return self._read(self._row(connection, token_id))
        except BadInput:
            return None

    def _store(self, connection: Connection, token: KnownToken) -> None:
        connection.execute(update(AGENT_TOKENS).where(self._key == token.token_id).values(asdict(token)))


def checked_host_rule(rule: str) -> str:
    """Return a rule for host names, in lower case.

    Raises:
        BadInput: `input.bad-name`.
    """
    if not _RULE.fullmatch(rule.lower()):
        what = "A rule for host names has letters, digits, dots, hyphens, underscores and *, such as *.corp."
        raise BadInput("input.bad-name", what, subject=rule, remedy="Correct the rule (--match).")
    return rule.lower()


def _refusal(
    token: KnownToken, fits: Callable[[KnownToken], bool], host_name: str, now: datetime
) -> WhyNot | None:
    if not fits(token):
        return WhyNot.OTHER_SECRET
    if token.revoked_at is not None:
        return WhyNot.REVOKED
    if now >= token.expires_at:
        return WhyNot.EXPIRED
    if not fnmatchcase(host_name, token.host_rule):
        return WhyNot.OTHER_HOST
    return None
