"""What is said to a guest agent: one JSON object a line, over a unix stream socket. Every call blocks.

The agent serves one client at a time and answers in order. It has no memory of who asked: an answer that came
too late is read by whoever asks next. So a session begins with a handshake that throws away whatever lies
in between, and after every answer that did not come the next request begins with one too.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

SENTINEL: Final = b"\xff"  # not UTF-8, so in no message; it makes the agent's parser begin afresh
MOST_BYTES: Final = 4 << 20  # an answer is a few KiB; what a guest's program printed is the longest
CHUNK_BYTES: Final = 64 << 10
LOOK_S: Final = 0.05  # how often a wait looks whether it was called off


class AnswerLost(Exception):
    """No answer came: the request may have been executed, or may be yet.

    Attributes:
        closed: the agent's end is gone; only a new connection can say more.
    """

    def __init__(self, what: str, *, closed: bool = False) -> None:
        super().__init__(what)
        self.closed = closed


class AgentError(Exception):
    """The agent answered with an error.

    Attributes:
        error_class: `CommandNotFound` for what is unknown, blocked, or not answered while frozen;
            `GenericError` for everything that went wrong in the guest.
    """

    def __init__(self, error_class: str, what: str) -> None:
        super().__init__(what)
        self.error_class = error_class


class Wire:
    """One connection to an agent. Deadlines are instants of the monotonic clock, in seconds."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._socket: socket.socket | None = None
        self._unread = b""
        self._in_step = False

    def connect(self, deadline: float) -> None:
        """Open a new connection and go through the handshake; the old one is dropped.

        Raises:
            AnswerLost: nobody listens, or the agent is busy with another client and does not answer.
        """
        self.close()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(_left_s(deadline))
            self._socket.connect(self.path)
        except OSError as error:
            self.close()
            raise AnswerLost(f"cannot connect: {error.strerror or 'no answer'}", closed=True) from None
        try:
            self.synchronise(deadline)
        except AnswerLost as error:
            self.close()
            text = f"it lets us connect and then does not answer, as when it serves another client: {error}"
            raise AnswerLost(text, closed=True) from None

    @property
    def connected(self) -> bool:
        """Whether there is a connection; the agent's end may be gone all the same."""
        return self._socket is not None

    def synchronise(self, deadline: float) -> None:
        """Throw away everything up to the agent's answer to this very handshake.

        Raises:
            AnswerLost: it did not come.
        """
        self._await_handshake(self._shake(deadline), deadline)

    def execute(
        self,
        command: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        deadline: float,
        called_off: threading.Event | None = None,
        urgent: bool = False,
    ) -> Any:
        """Ask, and return what the agent returns.

        Args:
            command: its name.
            arguments: none are sent if None.
            deadline: by when the answer must have come.
            called_off: once it is set, the answer is given up.
            urgent: where a handshake is due, do not wait for its answer first: an agent that does not answer
                now finds the request behind whatever it was asked before.

        Raises:
            AgentError: the agent said no.
            AnswerLost: it said nothing, or nothing that can be understood.
        """
        handshake = None if self._in_step else self._shake(deadline)
        if handshake is not None and not urgent:
            self._await_handshake(handshake, deadline)
        self._in_step = False
        self._send(_line(command, arguments), deadline)
        if handshake is not None and urgent:
            self._await_handshake(handshake, deadline)
            self._in_step = False
        answer = _parsed(self._read_until(b"\n", deadline, called_off))
        match answer:
            case {"return": value}:
                self._in_step = True
                return value
            case {"error": {"class": str(error_class), "desc": str(what)}}:
                self._in_step = True
                raise AgentError(error_class, what)
            case _:
                raise AnswerLost(f"the answer to {command} cannot be understood")

    def close(self) -> None:
        """Drop the connection. Never raises."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._in_step = False
        self._unread = b""

    def _shake(self, deadline: float) -> int:
        number = secrets.randbits(53)  # what every JSON reader can hold exactly
        self._in_step = False
        self._unread = b""
        self._send(SENTINEL + _line("guest-sync-delimited", {"id": number}), deadline)
        return number

    def _await_handshake(self, number: int, deadline: float) -> None:
        thrown_away = 0
        while thrown_away < MOST_BYTES:
            # What comes before the sentinel, a complaint about our own one among it, is of no concern.
            thrown_away += len(self._read_until(SENTINEL, deadline, None))
            line = self._read_until(b"\n", deadline, None)
            if _parsed(line) == {"return": number}:
                self._in_step = True
                return
            thrown_away += len(line) + 1
        raise AnswerLost("the agent says a lot, but does not answer")

    def _send(self, data: bytes, deadline: float) -> None:
        connection = self._open_socket()
        try:
            connection.settimeout(_left_s(deadline))
            connection.sendall(data)
        except TimeoutError:
            raise AnswerLost("the agent does not take the request") from None
        except OSError:
            raise self._gone() from None

    def _read_until(self, end: bytes, deadline: float, called_off: threading.Event | None) -> bytes:
        """Return everything up to and without `end`; what follows is kept for the next call."""
        connection = self._open_socket()
        while (at := self._unread.find(end)) < 0:
            if len(self._unread) > MOST_BYTES:
                raise AnswerLost(f"an answer of more than {MOST_BYTES} bytes")
            if called_off is not None and called_off.is_set():
                raise AnswerLost("the wait for the answer was called off")
            try:
                connection.settimeout(min(LOOK_S, _left_s(deadline)))
                data = connection.recv(CHUNK_BYTES)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                raise self._gone()
            self._unread += data
        found, self._unread = self._unread[:at], self._unread[at + len(end) :]
        return found

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise AnswerLost("there is no connection", closed=True)
        return self._socket

    def _gone(self) -> AnswerLost:
        self.close()
        return AnswerLost("the agent closed the connection", closed=True)


def _line(command: str, arguments: Mapping[str, Any] | None) -> bytes:
    message: dict[str, Any] = {"execute": command}
    if arguments is not None:
        message["arguments"] = dict(arguments)
    return json.dumps(message).encode() + b"\n"


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _left_s(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise AnswerLost("no answer in time")
    return left_s
