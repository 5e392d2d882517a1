"""One shadow copy set, from its announcement to its end, as the VSS provider's calls bring it along.

Every method here is called under the relay's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Final
from uuid import UUID

from orchestrator.hosts.vss.provider.pipe_protocol import (
    S_OK,
    VETO,
    Ended,
    HoldEnding,
    Method,
    Request,
    deadlines,
    read_begun_volume,
    read_ending,
)
from orchestrator.model.time import Reading

# The provider's dead man ends a hold; ours comes later, so that it is the provider that says what happened.
GRACE_S: Final = 1.0

# What must have been answered with S_OK before. The provider has the same table (shim/set_states.hpp).
PREDECESSOR: Final = {
    Method.END_PREPARE: Method.BEGIN_VOLUME,
    Method.PRE_COMMIT: Method.END_PREPARE,
    Method.COMMIT: Method.PRE_COMMIT,
    Method.POST_COMMIT: Method.COMMIT,
    Method.PRE_FINAL_COMMIT: Method.POST_COMMIT,
    Method.POST_FINAL_COMMIT: Method.PRE_FINAL_COMMIT,
}


@dataclass(frozen=True, slots=True)
class Entered:
    """A hold has begun.

    Attributes:
        frozen_at: when VSS called PreCommitSnapshots: all writers were frozen.
        held_at: when it called CommitSnapshots: writes of the whole set were held.
    """

    frozen_at: Reading
    held_at: Reading


@dataclass(slots=True, eq=False)
class AwaitedSet:
    """A set that was announced.

    Attributes:
        set_id: of it.
        changed: the relay's lock; told whenever somebody may wait for what happened.
        ticks: reads the clock shared with the provider, in milliseconds.
        dead_man_ms: on that clock; None until it is armed.
        longest_hold_ms: of its hold.
        entered: its hold, once it has begun.
        verdict: what CommitSnapshots returns, once that is decided; VETO also ends a set before.
        ending: what ended its hold.
        host_volumes: that VSS took into it.
    """

    set_id: UUID
    changed: Condition
    ticks: Callable[[], int]
    dead_man_ms: int | None = None
    longest_hold_ms: int = 0
    entered: Entered | None = None
    verdict: int | None = None
    ending: HoldEnding | None = None
    host_volumes: list[str] = field(default_factory=list)
    _connection: object = None
    _last: Method | None = None  # the last that went well
    _frozen_at: Reading | None = None

    @property
    def over(self) -> bool:
        """Whether nothing can be held for it any more."""
        return self.ending is not None or self.verdict == VETO

    def veto(self) -> None:
        """Let whatever comes fail, a hold first of all."""
        if self.ending is None:
            self.verdict = VETO
            self.changed.notify_all()

    def lose(self, connection: object) -> None:
        """Note that a connection has ended; the set's own was its life."""
        if self._connection is connection and self.ending is None:
            self.veto()
            self.ending = HoldEnding(Ended.CONNECTION_LOST, None)

    def abort(self, request: Request) -> None:
        """Note that VSS gave the set up.

        Raises:
            BadMessage: it does not say how the hold ended.
        """
        self.verdict = VETO
        self.ending = read_ending(request.payload, counted_copies=False)

    def begin_volume(self, request: Request, connection: object) -> int:
        """Take in a host volume.

        Raises:
            BadMessage: there is none in the request.
        """
        begun = read_begun_volume(request.payload)
        code = self.begin(connection)
        if code == S_OK:
            self.host_volumes.append(begun.host_volume)
        return code

    def begin(self, connection: object) -> int:
        """Take the set's connection; the one thing that may come more than once."""
        if self.verdict is not None or self._last not in (None, Method.BEGIN_VOLUME):
            return VETO
        self._connection = connection
        self._last = Method.BEGIN_VOLUME
        return S_OK

    def step(self, request: Request, connection: object, now: Reading) -> tuple[int, bytes]:
        """Take the next call in the order of VSS; any other one ends the set.

        Raises:
            BadMessage: its payload is none.
        """
        before = PREDECESSOR.get(request.method)
        if (
            self.verdict == VETO
            or before is None
            or before is not self._last
            or connection is not self._connection
        ):
            self.veto()
            return VETO, b""
        answer = self._take(request, now)
        if answer[0] == S_OK:
            self._last = request.method
        else:
            self.veto()
        return answer

    def _take(self, request: Request, now: Reading) -> tuple[int, bytes]:
        match request.method:
            case Method.END_PREPARE:
                if self.dead_man_ms is None or self.dead_man_ms <= self.ticks():
                    return VETO, b""
                return S_OK, deadlines(self.dead_man_ms, self.longest_hold_ms)
            case Method.PRE_COMMIT:
                self._frozen_at = now
            case Method.COMMIT:
                return self._hold(now), b""
            case Method.POST_COMMIT:
                self.ending = read_ending(request.payload, counted_copies=True)
            case _:
                pass
        return S_OK, b""

    def _hold(self, held_at: Reading) -> int:
        assert self._frozen_at is not None  # noqa: S101 # PreCommit came before
        assert self.dead_man_ms is not None  # noqa: S101 # EndPrepare was answered with it
        self.entered = Entered(self._frozen_at, held_at)
        self.changed.notify_all()
        left_s = min(self.dead_man_ms - self.ticks(), self.longest_hold_ms) / 1000
        self.changed.wait_for(lambda: self.verdict is not None, max(left_s, 0) + GRACE_S)
        return VETO if self.verdict is None else self.verdict
