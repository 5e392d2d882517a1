"""A connection of the VSS provider, from its first byte to its end; a pair of sockets stands for the pipe."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from orchestrator.hosts.vss.provider.pipe_protocol import S_OK, VETO, Ended, Method
from orchestrator.hosts.vss.provider.relay import Relay
from orchestrator.hosts.vss.provider.serving import ConnectionEnded, serve
from tests.orchestrator.hosts.vss.provider import pipe_calls as calls


class SocketConnection:
    """The agent's end."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def read(self, count: int) -> bytes:
        data = self._end.recv(count, socket.MSG_WAITALL)
        if len(data) != count:
            raise ConnectionEnded
        return data

    def write(self, data: bytes) -> None:
        self._end.sendall(data)

    def close(self) -> None:
        self._end.close()


@dataclass
class Served:
    """The provider's end, and the agent behind the other."""

    relay: Relay
    end: socket.socket
    served: Future[None]

    def ask(self, method: Method, payload: bytes = b"") -> int:
        self.end.sendall(calls.header(method, len(payload)) + payload)
        return calls.code(self.end.recv(4096))


@pytest.fixture
def served() -> Iterator[Served]:
    relay = Relay()
    relay.announce(calls.SET)
    theirs, ours = socket.socketpair()
    theirs.settimeout(5)
    with ThreadPoolExecutor() as pool:
        one = Served(relay, theirs, pool.submit(serve, SocketConnection(ours), relay))
        assert one.ask(Method.BEGIN_VOLUME, calls.begun_volume()) == S_OK
        yield one
        theirs.close()


def test_calls_are_answered_one_after_the_other(served: Served) -> None:
    served.relay.expect(calls.SET, 10)
    assert served.ask(Method.END_PREPARE) == S_OK
    assert served.ask(Method.COMMIT) == VETO


def test_the_end_of_its_connection_fails_an_open_set(served: Served) -> None:
    served.end.close()
    served.served.result(5)
    ending = served.relay.ending
    assert ending is not None
    assert ending.ended is Ended.CONNECTION_LOST


@pytest.mark.parametrize(
    "said", [b"x" * 32, calls.header(Method.BEGIN_VOLUME, 3) + b"abc"], ids=["header", "payload"]
)
def test_nonsense_ends_its_connection_and_the_set(served: Served, said: bytes) -> None:
    served.end.sendall(said)
    assert served.end.recv(1) == b""
    served.served.result(5)
    assert served.relay.ending is not None
