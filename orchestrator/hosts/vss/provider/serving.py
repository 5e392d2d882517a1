"""One connection of the VSS provider: requests in, answers out, whatever carries the bytes."""

from __future__ import annotations

from typing import Protocol

from orchestrator.hosts.vss.provider.fields import BadMessage
from orchestrator.hosts.vss.provider.pipe_protocol import HEADER, Request, read_header
from orchestrator.hosts.vss.provider.relay import Relay


class ConnectionEnded(Exception):
    """The other side is gone, or we were asked to stop."""


class Connection(Protocol):
    """A way to the provider."""

    def read(self, count: int) -> bytes:
        """Read exactly so many bytes.

        Raises:
            ConnectionEnded: they will not come.
        """

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            ConnectionEnded: it cannot be.
        """

    def close(self) -> None:
        """Let it go. Idempotent."""


def serve(connection: Connection, relay: Relay) -> None:
    """Answer until the connection ends; one that says something wrong is ended, and its set with it."""
    try:
        while True:
            method, sequence, length, set_id = read_header(connection.read(HEADER.size))
            payload = connection.read(length) if length else b""
            connection.write(relay.answer(Request(method, sequence, set_id, payload), connection))
    except (ConnectionEnded, BadMessage):
        pass  # the relay keeps what came of it
    finally:
        connection.close()
        relay.connection_lost(connection)
