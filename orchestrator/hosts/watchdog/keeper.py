"""What a watchdog's main thread does: it obeys one orchestrator, and watches over its hold (R2).

It wakes for a request, for a limit of the hold, for a signal, and for the orchestrator's death, which
shows as the end of what can be read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.hosts.watchdog.channel import Channel, Wake
from orchestrator.hosts.watchdog.hold import Hold, HoldFailed
from orchestrator.hosts.watchdog.holding import Holding, Phase
from orchestrator.hosts.watchdog.loading import make_hold, spec_from_json
from orchestrator.hosts.watchdog.memory import stay_in_memory
from orchestrator.hosts.watchdog.protocol import (
    Op,
    Request,
    answer_line,
    freeze_answer,
    problem_line,
    release_answer,
)
from orchestrator.model.hosts import HoldEnd

# Whoever asks for a thaw hears after so long that it has not worked yet. Well below a rung of the ladder:
# one who hears nothing at all kills this process and thaws himself.
PATIENCE_S: Final = 0.5


class Keeper:
    """Obeys one orchestrator. `run` returns when nothing is frozen and nobody needs it any more."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._hold: Hold | None = None
        self._holding: Holding | None = None
        self._freeze_asked: int | None = None
        self._thaws_asked: dict[int, float] = {}
        self._lease: Path | None = None
        self._may_end = False

    def end_when_thawed(self) -> None:
        """End as soon as nothing is frozen. Safe in a signal's handler."""
        self._may_end = True

    def run(self) -> None:
        """Obey until the end."""
        while not (self._may_end and self._at_rest()):
            wake = self._channel.wait(None if self._holding is None else self._holding.wake_at)
            if self._holding is not None:
                self._holding.look()  # time that has run out comes before whatever was asked meanwhile
            if isinstance(wake, Request):
                self._obey(wake)
            elif wake is Wake.ALONE:
                self._may_end = True
                self._end_hold(HoldEnd.ABORT)
            self._answer_who_waits()
        if self._hold is not None:
            self._hold.close()
        if self._lease is not None:
            self._lease.unlink(missing_ok=True)  # nothing of it is frozen

    def _at_rest(self) -> bool:
        return self._holding is None or self._holding.phase in (Phase.OPEN, Phase.OVER)

    def _obey(self, request: Request) -> None:
        try:
            match request.op:
                case Op.MAKE:
                    self._make(request)
                case Op.PREPARE | Op.ASK:
                    self._channel.say(answer_line(request.number, self._serve(request)))
                case Op.FREEZE:
                    self._made().freeze(request.arguments["deadline_at"], request.arguments["hold_s"])
                    self._freeze_asked = request.number
                case Op.THAW | Op.END:
                    self._may_end = self._may_end or request.op is Op.END
                    self._thaws_asked[request.number] = time.monotonic() - self._waited_s()
                    self._end_hold(HoldEnd.RELEASE if request.op is Op.THAW else HoldEnd.ABORT)
        except HoldFailed as failure:
            self._channel.say(problem_line(request.number, failure))
        except Exception as fault:  # noqa: BLE001 - a plugin's hold may raise anything; the watch goes on
            unforeseen = HoldFailed("internal.fault", f"{type(fault).__name__}: {fault}")
            self._channel.say(problem_line(request.number, unforeseen))

    def _make(self, request: Request) -> None:
        self._lease = Path(request.arguments["lease"])
        self._hold = make_hold(spec_from_json(request.arguments["hold"]))
        self._holding = Holding(self._hold, self._channel.wake)
        self._channel.say(answer_line(request.number, {}))

    def _serve(self, request: Request) -> Mapping[str, Any]:
        if self._hold is None or not self._at_rest():
            raise HoldFailed("host.rejected", f"{request.op} cannot be asked inside a freeze")
        if request.op is Op.ASK:
            return self._hold.ask(request.arguments)
        self._hold.prepare()
        stay_in_memory()
        return {}

    def _made(self) -> Holding:
        if self._holding is None:
            raise HoldFailed("internal.fault", "no hold was made")
        return self._holding

    def _waited_s(self) -> float:
        """Who asks for a thaw that has failed before hears so before the next try, which may take as long."""
        return PATIENCE_S if self._holding is not None and self._holding.thaw_tried else 0.0

    def _end_hold(self, cause: HoldEnd) -> None:
        if self._holding is not None:
            self._holding.end(cause)

    def _answer_who_waits(self) -> None:
        if self._holding is not None:
            self._answer_freeze(self._holding)
            self._answer_thaws(self._holding)

    def _answer_freeze(self, holding: Holding) -> None:
        if self._freeze_asked is None:
            return
        if holding.frozen is not None:
            self._channel.say(answer_line(self._freeze_asked, freeze_answer(holding.frozen)))
        elif holding.freeze_failure is not None:
            self._channel.say(problem_line(self._freeze_asked, holding.freeze_failure))
        else:
            return
        self._freeze_asked = None

    def _answer_thaws(self, holding: Holding) -> None:
        now = time.monotonic()
        for number, since in list(self._thaws_asked.items()):
            if holding.release is not None:
                self._channel.say(answer_line(number, release_answer(holding.release)))
            elif holding.thaw_failure is not None and now - since >= PATIENCE_S:
                self._channel.say(problem_line(number, holding.thaw_failure))
            else:
                continue
            del self._thaws_asked[number]
