"""The lab's own way to a storage daemon: a second QMP monitor, beside the one that the provider uses."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedRWPair
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import HostError

ANSWER_S: Final = 10.0


class Monitor:
    """One open connection. Blocks."""

    def __init__(self, stream: BufferedRWPair) -> None:
        self._stream = stream

    def ask(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Give one command and return its answer.

        Raises:
            HostError: `lab.command-failed`, with the daemon's words.
        """
        request = {"execute": command, "arguments": dict(arguments or {})}
        self._stream.write(json.dumps(request).encode() + b"\n")
        self._stream.flush()
        while line := self._stream.readline():
            answer = json.loads(line)
            if "error" in answer:
                raise HostError("lab.command-failed", answer["error"]["desc"], subject=command)
            if "return" in answer:  # anything else is an event
                return answer["return"]
        raise HostError("lab.command-failed", "the storage daemon has gone", subject=command)


@contextmanager
def monitor(path: Path) -> Iterator[Monitor]:
    """Connect to a daemon's monitor for the length of the block.

    Raises:
        OSError: nobody listens there.
        HostError: `lab.command-failed`.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_S)
        connection.connect(str(path))
        with connection.makefile("rwb") as stream:
            if not stream.readline():  # the greeting, which comes when every export is there
                raise ConnectionError("no greeting")
            opened = Monitor(stream)
            opened.ask("qmp_capabilities")
            yield opened
