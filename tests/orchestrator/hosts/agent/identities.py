"""Parties of an enrolment, made in memory or in a test's folder."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_files import write_key, write_private
from orchestrator.hosts.agent.identity_request import requested_key, signing_request
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.identity_token import EnrolmentToken, new_secret

NOW: Final = datetime(2026, 3, 1, 2, 3, 4, tzinfo=UTC)


def token_of(authority: AgentAuthority, hub_url: str = "https://hub.corp:7443") -> EnrolmentToken:
    """Return a token that no hub knows."""
    ca = authority.certificate.public_bytes(Encoding.PEM).decode()
    return EnrolmentToken(hub_url, "abcdefghij", new_secret(), ca)


def agent_files(folder: Path, authority: AgentAuthority, now: datetime) -> TlsFiles:
    """Return the files of an agent that an authority admitted."""
    from orchestrator.hosts.agent.identity_certificates import new_key

    folder.mkdir()
    key = new_key()
    files = TlsFiles(folder / "a.pem", folder / "a.key", authority.ca_file)
    write_key(files.key, key)
    certificate = authority.admit(requested_key(signing_request(key)), "a" * 16, now)
    write_private(files.certificate, certificate.encode())
    return files


def handshake(server: TlsFiles, client: ssl.SSLContext, name: str, *, mutual: bool = False) -> None:
    """Let a client meet a server in memory.

    Raises:
        ssl.SSLError: one of them did not accept the other.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(server.ca_file)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = context.wrap_bio(to_server, to_client, server_side=True)
    waiting = {ours.do_handshake, theirs.do_handshake}
    for _ in range(8):
        for step in (ours.do_handshake, theirs.do_handshake):
            if step in waiting:
                try:
                    step()
                    waiting.discard(step)
                except ssl.SSLWantReadError:
                    continue
    assert not waiting
