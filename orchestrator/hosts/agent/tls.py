"""TLS between hub, orchestrator and agents: version 1.3 only, both ends verified. Blocks: it reads files."""

from __future__ import annotations

import ssl
from asyncio import sslproto
from typing import Any, Final, Protocol

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.agent.identity_certificates import fingerprint_of, role_of
from orchestrator.hosts.agent.identity_tls import TlsFiles

BUFFER_BYTES: Final = 16 << 10
VERSION: Final = ssl.TLSVersion.TLSv1_3


def server_context(files: TlsFiles, *, anonymous_too: bool) -> ssl.SSLContext:
    """Return the context of a hub, or of an agent that listens.

    Args:
        files: of this end.
        anonymous_too: let in who shows no certificate, as the hub does for enrolment.

    Raises:
        BadInput: `agent.key-unusable`.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, files)
    context.verify_mode = ssl.CERT_OPTIONAL if anonymous_too else ssl.CERT_REQUIRED
    # No session is taken up again: each connection proves its key anew.
    context.num_tickets = 0
    return context


def client_context(files: TlsFiles, *, by_name: bool) -> ssl.SSLContext:
    """Return the context of an agent that dials the hub, or of an orchestrator that dials an agent.

    Args:
        files: of this end.
        by_name: check the name dialled, too. Agents' certificates hold none: they are pinned instead.

    Raises:
        BadInput: `agent.key-unusable`.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, files)
    context.hostname_checks_common_name = False
    context.check_hostname = by_name
    return context


class Transport(Protocol):
    """What knows its connection: asyncio's transports, and aiohttp's client WebSocket."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known under a name."""


def spare_memory() -> None:
    """Give the TLS connections that this process opens from now on small buffers.

    asyncio reserves 256 KiB for each (`SSLProtocol.max_size` in asyncio/sslproto.py), which a message of ours
    never fills: with 16 KiB, one TLS record, a thousand idle agents need a quarter of the memory.
    """
    sslproto.SSLProtocol.max_size = BUFFER_BYTES


def key_of_peer(transport: Transport | None) -> str | None:
    """Return the fingerprint of the key that the other end has proven; None if it showed no certificate."""
    der = _certificate(transport)
    return None if der is None else fingerprint_of(der)


def demand_pinned(transport: Transport | None, fingerprint: str, name: str) -> None:
    """Refuse an other end whose key is not the pinned one.

    Raises:
        HostError: `agent.wrong-peer`.
    """
    found = key_of_peer(transport)
    if found != fingerprint.lower():
        what = f"its key has the fingerprint {found}, not the pinned {fingerprint}"
        raise HostError("agent.wrong-peer", what, subject=name)


def is_orchestrator(transport: Transport | None) -> bool:
    """Tell whether the other end's certificate is one that the installation's authority made for it."""
    der = _certificate(transport)
    return der is not None and role_of(der) == "orchestrator"


def _certificate(transport: Transport | None) -> bytes | None:
    tls = None if transport is None else transport.get_extra_info("ssl_object")
    der: bytes | None = None if tls is None else tls.getpeercert(binary_form=True)
    return der


def _context(protocol: int, files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = VERSION
    try:
        context.load_cert_chain(files.certificate, files.key)
        context.load_verify_locations(files.ca_file)
    except OSError as error:  # of which ssl.SSLError is one
        what = f"it, its key or {files.ca_file.name} cannot be used: {error.strerror or type(error).__name__}"
        raise BadInput("agent.key-unusable", what, subject=str(files.certificate)) from None
    return context
