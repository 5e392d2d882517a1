"""The emulated agent's process: a socket that serves one client at a time, its deaths, and its faults."""

from __future__ import annotations

import socket
import threading
from collections import defaultdict
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from orchestrator.hosts.qemu_guest_agent.emulator.commands import Commands
from orchestrator.hosts.qemu_guest_agent.emulator.guest import EmulatedGuest

STUCK_S: Final = 30.0  # no test waits so long


class AgentFault(StrEnum):
    """What can go wrong with one command, once."""

    LOSE_ANSWER = "lose-answer"  # executed, not answered
    LOSE_REQUEST = "lose-request"  # neither
    ANSWER_LATE = "answer-late"  # executed at once, answered when `resume` is called
    EXECUTE_LATE = "execute-late"  # executed and answered when `resume` is called
    GARBAGE = "garbage"  # executed, answered with something that is no JSON
    ENDLESS = "endless"  # executed, answered with more than anybody should read
    DIE_BEFORE = "die-before"  # the process dies before it executes it
    DIE_AFTER = "die-after"  # the process dies after it executed it, before it answers


class EmulatedAgent:
    """One agent on a unix socket. Use it as a context.

    Attributes:
        log: the commands executed, in order.
        clients: how many were served.
        stale: sent to each new client, as if left over from the one before.
    """

    def __init__(self, path: Path, guest: EmulatedGuest) -> None:
        self.guest = guest
        self.log: list[str] = []
        self.clients = 0
        self.stale = b""
        self._path = path
        self._faults: dict[str, list[AgentFault]] = defaultdict(list)
        self._commands = Commands(guest)
        self._resumed = threading.Event()
        self._dead = threading.Event()
        self._listener: socket.socket | None = None
        self._client: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> EmulatedAgent:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def thaw_fails(self) -> str:
        """What the thaw, having thawed nothing, fails with; empty for not at all."""
        return self._commands.thaw_fails

    @thaw_fails.setter
    def thaw_fails(self, what: str) -> None:
        self._commands.thaw_fails = what

    def lie(self, command: str, value: object) -> None:
        """Let the next such command, executed as ever, return something else."""
        self._commands.lies[command] = value

    def inject(self, fault: AgentFault, command: str) -> None:
        """Let the next such command go wrong."""
        self._faults[command].append(fault)

    def forget_faults(self) -> None:
        """Let nothing more go wrong."""
        self._faults.clear()

    def resume(self) -> None:
        """Let go on what waits in a fault."""
        self._resumed.set()

    def start(self, *, mark_lost: bool = False) -> None:
        """Start the process; it knows of an earlier freeze unless the mark of it was lost."""
        self._commands = Commands(self.guest, frozen=self._commands.frozen and not mark_lost)
        self._dead.clear()
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self._path))
        self._listener.listen(8)
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
        self._thread.start()

    def start_frozen(self) -> None:
        """Start again and find the mark of a life that ended while frozen."""
        self.kill()
        self._commands.frozen = True
        self.start()

    def kill(self) -> None:
        """End the process at once. What is frozen stays so."""
        self._die()
        self._resumed.set()
        if self._thread is not None:
            self._thread.join(STUCK_S)
        self._resumed.clear()

    def _die(self) -> None:
        self._dead.set()
        for each in (self._listener, self._client):
            if each is not None:
                with suppress(OSError):  # it wakes whoever waits on it, where close alone would not
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _serve(self, listener: socket.socket) -> None:
        while not self._dead.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._client = client
            self.clients += 1
            with client, suppress(OSError):
                self._serve_client(client)

    def _serve_client(self, client: socket.socket) -> None:
        client.sendall(self.stale)
        unread = b""
        while not self._dead.is_set() and (data := client.recv(65536)):
            # The sentinel ends whatever was half said, as a line end does, and is complained about.
            unread += data.replace(b"\xff", b"\xff\n")
            *lines, unread = unread.split(b"\n")
            for line in filter(None, lines):
                self._serve_line(client, line)

    def _serve_line(self, client: socket.socket, line: bytes) -> None:
        name = _command_in(line)
        fault = self._faults[name].pop(0) if self._faults[name] else None
        if fault is AgentFault.EXECUTE_LATE:
            self._wait()
        if fault is AgentFault.DIE_BEFORE:
            self._die()
        if fault is AgentFault.LOSE_REQUEST or self._dead.is_set():
            return
        name, answer = self._commands.answer(line)
        if name:
            self.log.append(name)
        match fault:
            case AgentFault.LOSE_ANSWER:
                return
            case AgentFault.ANSWER_LATE:
                self._wait()
            case AgentFault.GARBAGE:
                answer = b"}{\n"
            case AgentFault.ENDLESS:
                answer = b" " * (8 << 20)
            case AgentFault.DIE_AFTER:
                self._die()
            case _:
                pass
        with suppress(
            OSError
        ):  # whoever asked may be gone: what is left of his requests is executed all the same
            client.sendall(answer)

    def _wait(self) -> None:
        self._resumed.wait(STUCK_S)


def _command_in(line: bytes) -> str:
    """Return the name of the command in a request, as far as a fault has to know it."""
    _, _, rest = line.partition(b'"execute": "')
    return rest.partition(b'"')[0].decode(errors="replace")
