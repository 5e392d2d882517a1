"""Speaks to the child that knows what lies where; survives whatever becomes of it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import VerificationError

SCRIPT: Final = Path(__file__).with_name("child.py")
MEMORY_BYTES: Final = 1 << 30
ANSWER_S: Final = 30.0
# A volume that has killed three children will kill the next.
LIVES: Final = 3
# The longest answer is a run list of 2^18 pieces; what is longer comes from a child that has gone mad.
LONGEST_ANSWER: Final = 32 << 20
# Its own timer ends a child soon after we have given it up, should we be gone.
GRACE_S: Final = 5
# From the end of its pipe to its own end.
DYING_S: Final = 2.0
READ_BYTES: Final = 1 << 16
# What a program may need to be started at all. Nothing else of our environment is the child's business.
ENVIRONMENT: Final = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")


class MetadataChild:
    """One child for one image, started when it is first asked. May be asked by several threads.

    Args:
        descriptor: of the image, open for reading.
        name: how errors call the image.
        answer_s: how long one answer may take.
        lives: how many children may die before nothing is asked any more.
        command: another program to start, with the same arguments.
    """

    def __init__(
        self,
        descriptor: int,
        name: str,
        *,
        answer_s: float = ANSWER_S,
        lives: int = LIVES,
        command: Sequence[str] = (sys.executable, "-I", str(SCRIPT)),
    ) -> None:
        self._descriptor, self._name = descriptor, name
        self._answer_s, self._lives = answer_s, lives
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def ask(self, what: str, *of: int, start: int, length: int, visit: int = 0) -> dict[str, Any]:
        """Ask about a volume.

        Args:
            what: "volume", "records" or "file".
            of: numbers of records.
            start: of the volume in the image, in bytes.
            length: of the volume, in bytes.
            visit: another number makes the child open the volume anew.

        Raises:
            VerificationError: `verify.file-system-unreadable`.
        """
        question = {"ask": what, "of": of, "start": start, "length": length, "visit": visit}
        with self._lock:
            if self._lives <= 0:
                raise self._unreadable("reading it has failed too often to try again")
            said = self._exchange(json.dumps(question).encode() + b"\n")
        if "error" in said:
            raise self._unreadable(str(said["error"]))
        return said

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _exchange(self, question: bytes) -> dict[str, Any]:
        process = self._process = self._process or self._started()
        try:
            assert process.stdin is not None  # noqa: S101 # it was started with a pipe
            process.stdin.write(question)
            process.stdin.flush()
            answer = json.loads(self._line(process))
        except (OSError, ValueError) as cause:
            self._lives -= 1
            status = self._end(patience_s=DYING_S if isinstance(cause, BrokenPipeError) else 0)
            raise self._unreadable(_why(cause, status)) from None
        if not isinstance(answer, dict):
            raise self._unreadable("the answer about it makes no sense")
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        arguments = (str(self._descriptor), str(MEMORY_BYTES), str(int(self._answer_s) + GRACE_S))
        return subprocess.Popen(  # noqa: S603 # our own script under our own interpreter
            [*self._command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._descriptor,),
            env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
            start_new_session=True,  # a key pressed at the terminal is for us to deal with
        )

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        """Wait for one line, no longer than a line may take."""
        assert process.stdout is not None  # noqa: S101 # it was started with a pipe
        until = time.monotonic() + self._answer_s
        poll = select.poll()
        poll.register(process.stdout, select.POLLIN)
        line = bytearray()
        while not line.endswith(b"\n"):
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                raise TimeoutError
            data = os.read(process.stdout.fileno(), READ_BYTES)
            line += data
            if not data:
                raise BrokenPipeError
            if len(line) > LONGEST_ANSWER:
                raise ValueError
        return bytes(line)

    def _end(self, patience_s: float = 0) -> int | None:
        """End the child, and return with which status it had ended by itself; None if we had to."""
        process, self._process = self._process, None
        if process is None:
            return None
        try:
            return process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return None
        finally:
            with suppress(OSError):  # what it has not taken from its pipe
                process.communicate()

    def _unreadable(self, why: str) -> VerificationError:
        return VerificationError("verify.file-system-unreadable", why, subject=self._name)


def _why(cause: Exception, status: int | None) -> str:
    if isinstance(cause, TimeoutError):
        return "looking something up in it took too long"
    if status is not None and status < 0:
        return f"the library that reads it was ended by signal {-status}"
    return "the library that reads it gave up"
