"""The watchdog's end of the sockets, without a watchdog."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from orchestrator.hosts.watchdog.channel import Channel, Wake
from orchestrator.hosts.watchdog.protocol import Op, Request, answer_line, request_line

WINDOW_S = 0.05
FIRST, SECOND = Request(1, Op.THAW, {}), Request(2, Op.ASK, {"name": "\u00e9\n"})


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, Channel]]:
    theirs, ours = socket.socketpair()
    with theirs, ours:
        channel = Channel(ours.fileno(), ours.fileno())
        yield theirs, channel
        channel.close()


def test_requests_come_one_by_one_however_they_are_cut(pair: tuple[socket.socket, Channel]) -> None:
    theirs, channel = pair
    both = request_line(FIRST) + request_line(SECOND)
    theirs.sendall(both[:5])
    assert channel.wait(None) is Wake.ITSELF
    theirs.sendall(both[5:])
    assert [channel.wait(None), channel.wait(None)] == [FIRST, SECOND]


def test_time_and_wake_ups_end_a_wait(pair: tuple[socket.socket, Channel]) -> None:
    _, channel = pair
    until = time.monotonic() + WINDOW_S
    assert channel.wait(until) is Wake.TIME
    assert time.monotonic() >= until
    channel.wake()
    channel.wake()
    assert channel.wait(None) is Wake.ITSELF
    assert channel.wait(time.monotonic()) is Wake.TIME


def test_more_wake_ups_than_fit_do_no_harm(pair: tuple[socket.socket, Channel]) -> None:
    _, channel = pair
    for _ in range(1 << 17):
        channel.wake()
    assert channel.wait(None) is Wake.ITSELF


def test_the_death_of_the_other_end_is_told_once(pair: tuple[socket.socket, Channel]) -> None:
    theirs, channel = pair
    theirs.sendall(request_line(FIRST))
    theirs.close()
    assert [channel.wait(None), channel.wait(None)] == [FIRST, Wake.ALONE]
    assert channel.wait(time.monotonic()) is Wake.TIME


def test_an_end_that_died_with_our_answers_unread_is_as_dead(pair: tuple[socket.socket, Channel]) -> None:
    theirs, channel = pair
    channel.say(answer_line(1, {}))
    theirs.close()  # the kernel calls that a reset
    assert channel.wait(None) is Wake.ALONE


@pytest.mark.parametrize(
    "line", [b"hello\n", b"{}\n", b"[1]\n", b'{"number": 1, "op": "x", "arguments": {}}\n']
)
def test_whoever_speaks_another_language_is_nobody(pair: tuple[socket.socket, Channel], line: bytes) -> None:
    theirs, channel = pair
    theirs.sendall(line)
    assert channel.wait(None) is Wake.ALONE


def test_an_answer_to_nobody_does_no_harm(pair: tuple[socket.socket, Channel]) -> None:
    theirs, channel = pair
    theirs.close()
    channel.say(answer_line(1, {}))
    assert channel.wait(None) is Wake.ALONE
    channel.say(answer_line(2, {}))
