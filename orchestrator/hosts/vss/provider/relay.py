"""The relay: what the VSS provider on this host is told, and how long it holds writes.

Its methods are called by two kinds of threads: the requestor's (announce, expect, wait, release, veto) and
the pipe's (answer, connection_lost). A hold ends by release, by veto, by the dead man that the provider keeps
itself since before the freeze, or by the loss of the connection: whoever dies, writes go on (R2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition
from uuid import UUID

from orchestrator.hosts.vss.clock import read_clocks
from orchestrator.hosts.vss.provider.awaited_set import AwaitedSet, Entered
from orchestrator.hosts.vss.provider.lun_calls import LUN_METHODS, LunPort, answer_lun_call
from orchestrator.hosts.vss.provider.pipe_protocol import (
    S_OK,
    VETO,
    Ended,
    HoldEnding,
    Method,
    Request,
    answer_bytes,
    supported,
)
from orchestrator.hosts.vss.provider.tick_count import tick_count_ms
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.time import Reading

__all__ = ["Entered", "Passed", "Relay"]


@dataclass(frozen=True, slots=True)
class Passed:
    """One call of VSS, for the evidence."""

    method: Method
    entered: Reading
    left: Reading
    hresult: int


def refuse(request: Request) -> int:
    """Answer for a set that is not ours: another requestor's, which chose our provider."""
    return VETO


class Relay:
    """One for the agent.

    Args:
        on_foreign_set: answers the calls of sets that nobody announced, with an HRESULT; must not block.
        luns: answers what VSS asks of a hardware provider; without it no LUN is supported.
        clock: reads this host's clocks.
        ticks: reads the clock shared with the provider, in milliseconds.
    """

    def __init__(
        self,
        on_foreign_set: Callable[[Request], int] = refuse,
        luns: LunPort | None = None,
        clock: Callable[[], Reading] = read_clocks,
        ticks: Callable[[], int] = tick_count_ms,
    ) -> None:
        self._foreign = on_foreign_set
        self._luns = luns
        self._clock = clock
        self._ticks = ticks
        self._changed = Condition()
        self._set: AwaitedSet | None = None
        self.history: list[Passed] = []

    # ------------------------------------------------------------ the requestor's side

    def announce(self, set_id: UUID) -> None:
        """Take calls for a set from now on; an earlier one is vetoed if it is still open."""
        with self._changed:
            self.veto()
            self._set = AwaitedSet(set_id, self._changed, self._ticks)
            self.history = []

    def expect(self, set_id: UUID, dead_man_s: float, longest_hold_s: float = DEFAULT_BUDGETS.hold_s) -> None:
        """Arm the dead man of a set; without it, the set is vetoed before anything freezes.

        Args:
            set_id: of the set; announced now if it was not before.
            dead_man_s: from now; then the hold ends, whoever is alive.
            longest_hold_s: and this long after writes were held, if that is earlier.
        """
        with self._changed:
            if self._set is None or self._set.set_id != set_id:
                self.announce(set_id)
            assert self._set is not None  # noqa: S101 # announced above
            self._set.dead_man_ms = self._ticks() + int(dead_man_s * 1000)
            self._set.longest_hold_ms = int(longest_hold_s * 1000)

    def wait_entered(self, timeout_s: float) -> Entered | None:
        """Wait until writes are held; None when time is up, or when the set has ended before."""
        with self._changed:
            ours = self._set
            if ours is None:
                return None
            self._changed.wait_for(lambda: ours.entered or ours.over, timeout_s)
            return None if ours.over else ours.entered

    def release(self) -> bool:
        """Let CommitSnapshots return well. False: no hold was there (any more) to be released."""
        with self._changed:
            if not self._set or not self._set.entered or self._set.verdict is not None:
                return False
            self._set.verdict = S_OK
            self._changed.notify_all()
            return True

    def veto(self) -> None:
        """Let whatever VSS calls for this set fail, a hold first of all. Idempotent."""
        with self._changed:
            if self._set:
                self._set.veto()

    def wait_ended(self, timeout_s: float) -> HoldEnding | None:
        """Wait for the provider's own word on what ended the hold; None when it has not come."""
        with self._changed:
            self._changed.wait_for(lambda: self.ending, timeout_s)
            return self.ending

    @property
    def ending(self) -> HoldEnding | None:
        """What ended the hold, as far as it is known."""
        return self._set.ending if self._set else None

    @property
    def host_volumes(self) -> tuple[str, ...]:
        """Of which VSS said that they are in the set."""
        return tuple(self._set.host_volumes) if self._set else ()

    # ------------------------------------------------------------ the pipe's side

    def answer(self, request: Request, connection: object) -> bytes:
        """Answer a call; CommitSnapshots only when the hold is to end.

        Raises:
            BadMessage: its payload is none.
        """
        entered = self._clock()
        # Arrays take their time: never under our lock, which an abort needs.
        about_luns = answer_lun_call(self._luns, request) if request.method in LUN_METHODS else None
        with self._changed:
            ours = self._set
            if ours is None or ours.set_id != request.set_id:
                code, fields = about_luns or self._of_no_set(request)
                if request.method in (Method.BEGIN_LUNS, Method.GET_TARGET_LUNS):
                    code, fields = self._foreign(request), b""
                return answer_bytes(request, code, fields)
            code, fields = self._of_set(ours, request, connection, entered, about_luns)
            self.history.append(Passed(request.method, entered, self._clock(), code))
            self._changed.notify_all()
        return answer_bytes(request, code, fields)

    def connection_lost(self, connection: object) -> None:
        """Note that a connection has ended; with an open set on it, that set has failed."""
        with self._changed:
            if self._set:
                self._set.lose(connection)

    def _of_no_set(self, request: Request) -> tuple[int, bytes]:
        if request.method is Method.IS_VOLUME_SUPPORTED:
            return S_OK, supported(self._set is not None and not self._set.over)
        return self._foreign(request), b""

    def _of_set(
        self,
        ours: AwaitedSet,
        request: Request,
        connection: object,
        now: Reading,
        about_luns: tuple[int, bytes] | None,
    ) -> tuple[int, bytes]:
        match request.method:
            case Method.ABORT:
                ours.abort(request)
                return S_OK, b""
            case Method.BEGIN_VOLUME:
                return ours.begin_volume(request, connection), b""
            case Method.BEGIN_LUNS if about_luns:
                return (ours.begin(connection), b"") if about_luns[0] == S_OK else about_luns
            case Method.GET_TARGET_LUNS if about_luns:
                # Before or after the final commit (Microsoft's pages differ), never before the cut.
                cut = ours.ending is not None and ours.ending.ended is Ended.RELEASED
                return about_luns if cut else (VETO, b"")
            case _:
                return ours.step(request, connection, now)
