"""A guest held by its agent. Lives in the watchdog's process: the guest has no timer of its own.

What the agent's answers are worth (qemu-ga 7.2, tried): the freeze counts the file systems that it took hold
of; the thaw tries every mounted file system in the guest and counts those that were still frozen, also in an
agent that was restarted meanwhile; `guest-fsfreeze-status` is the agent's memory and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final

from orchestrator.hosts.qemu_guest_agent.wire import AgentError, AnswerLost, Wire
from orchestrator.hosts.watchdog.hold import Hold, HoldFailed

FREEZE: Final = "guest-fsfreeze-freeze-list"
THAW: Final = "guest-fsfreeze-thaw"
STATUS: Final = "guest-fsfreeze-status"
TIME: Final = "guest-get-time"
UNANSWERED_MOST: Final = 2
RESTART_S: Final = 0.02  # between two looks for an agent that is gone
FLUSH_LOOK_S: Final = 0.002
NEEDED: Final = frozenset({FREEZE, THAW, STATUS, TIME, "guest-ping", "guest-get-fsinfo", "guest-get-osinfo"})
# Changes nothing in the guest but what a program started in it changes; never freezes, never thaws.
ASKABLE: Final = frozenset(
    {
        TIME,
        "guest-info",
        "guest-get-fsinfo",
        "guest-get-host-name",
        "guest-get-osinfo",
        "guest-exec",
        "guest-exec-status",
        "guest-file-open",
        "guest-file-read",
        "guest-file-close",
    }
)


class _Held(Enum):
    NOTHING = auto()
    PERHAPS = auto()  # a freeze was sent, and no thaw has been shown to have ended it


class AgentHold(Hold):
    """One guest's file systems, by its agent.

    Args:
        path: of the agent's unix socket.
        mount_points: one of each file system to freeze; the agent counts a second one of the same as none.
        freeze_s: how long the answer to the freeze is waited for.
        thaw_s: how long one try to thaw may take, all in all.
        call_s: how long any other answer is waited for.
        flushes: whether the guest has `sync`, to be run by the agent before the freeze.
    """

    def __init__(
        self,
        path: str,
        mount_points: Sequence[str],
        freeze_s: float = 15.0,
        thaw_s: float = 4.0,
        call_s: float = 5.0,
        flushes: bool = False,
    ) -> None:
        self._wire = Wire(path)
        self._mount_points = list(mount_points)
        self._freeze_s = freeze_s
        self._thaw_s = thaw_s
        self._call_s = call_s
        self._flushes = flushes
        self._held = _Held.NOTHING
        self._count_is_proof = False
        self._agent_remembers = False
        self._unanswered = 0
        self._time_before: Mapping[str, Any] | None = None

    def prepare(self) -> None:
        """Connect, and check that the agent can do what is needed and holds nothing yet."""
        if not self._mount_points:
            # Without a list the agent would freeze every file system that it finds.
            raise self._failed("host.rejected", "no file system was named")
        try:
            self._wire.connect(self._deadline())
            self._check_agent()
        except AnswerLost as error:
            raise self._given_up("host.unreachable", str(error)) from None
        except AgentError as error:
            raise self._given_up("host.rejected", str(error)) from None
        except (KeyError, TypeError) as error:
            raise self._given_up("host.rejected", f"the agent's answer lacks {error}") from None

    def flush(self, cancelled: threading.Event) -> None:
        """Have the guest write out what is dirty, and read its clock."""
        try:
            if self._flushes:
                self._sync(cancelled)
            self._time_before = self._answer(TIME)
        except AnswerLost as error:
            raise self._failed("host.gone", f"no answer before the freeze: {error}") from None

    def freeze(self, cancelled: threading.Event) -> int:
        """Freeze exactly the file systems named."""
        try:
            if cancelled.is_set():
                raise self._failed("host.freeze-failed", "it was called off before it was sent")
            self._held = _Held.PERHAPS
            self._count_is_proof = self._agent_remembers = True
            count = self._wire.execute(
                FREEZE,
                {"mountpoints": self._mount_points},
                deadline=time.monotonic() + self._freeze_s,
                called_off=cancelled,
            )
        except AnswerLost as error:
            raise self._failed("host.gone", f"no answer to the freeze: {error}") from None
        except AgentError as error:
            raise self._failed("host.freeze-failed", str(error)) from None
        if count != len(self._mount_points):
            text = f"{count!r} file systems were frozen instead of {len(self._mount_points)}"
            raise self._failed("host.freeze-failed", text)
        return len(self._mount_points)

    def thaw(self) -> int | None:
        """Thaw: on the open connection, and on new ones when that is closed or stays silent.

        The count is a proof only as the first answer to the first request to thaw, on the connection of the
        freeze. After a lost answer 0 may mean that our own late thaw was there before; and an agent that we
        had to look for again may have been another one meanwhile.
        """
        if self._held is _Held.NOTHING:
            return 0  # a thaw that is not ours would thaw what others have frozen
        deadline = time.monotonic() + self._thaw_s
        while True:
            try:
                # A connection that was silent twice is given up; one that is closed is of no use at all.
                if self._unanswered >= UNANSWERED_MOST or not self._wire.connected:
                    self._connect_anew(deadline)
                return self._thaw(deadline)
            except AnswerLost as error:
                self._count_is_proof = False
                self._unanswered += not error.closed
                if not error.closed or not self._may_look_again(deadline):
                    text = f"the guest may still be frozen: {error}"
                    raise self._failed("host.still-frozen", text) from None

    def proven_thawed(self) -> bool:
        """Tell whether no freeze was sent, or a thaw was answered since and the agent said so too."""
        return self._held is _Held.NOTHING

    def reopen(self) -> None:
        """Connect, and count the guest as frozen."""
        self._held = _Held.PERHAPS
        try:
            self._connect_anew(time.monotonic() + self._thaw_s)
        except (AnswerLost, AgentError) as error:
            raise self._failed("host.unreachable", str(error)) from None

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put questions to the agent.

        Args:
            request: `commands`, a list of `{execute, arguments}`; none that freezes or thaws is let through.

        Returns:
            `answers`, one a command: the agent's own, with `asked_s` and `answered_s` of our monotonic clock;
            `time_before`, such an answer to `guest-get-time` from right before the freeze, or None.
        """
        if self._held is not _Held.NOTHING:
            raise self._failed("host.rejected", "nothing is answered inside a freeze")
        try:
            if not self._wire.connected:
                self._wire.connect(self._deadline())
            answers = [self._answer(each["execute"], each.get("arguments")) for each in request["commands"]]
        except AnswerLost as error:
            code = "host.unreachable" if error.closed else "host.gone"
            raise self._failed(code, str(error)) from None
        return {"answers": answers, "time_before": self._time_before}

    def close(self) -> None:
        """Drop the connection; what is frozen stays so."""
        self._wire.close()

    def _check_agent(self) -> None:
        self._execute("guest-ping")
        if self._execute(STATUS) != "thawed":
            text = "somebody else has frozen the guest, or its agent ended while it was frozen"
            raise self._given_up("host.already-frozen", text)
        enabled = _enabled(self._execute("guest-info"))
        if missing := NEEDED - enabled:
            text = f"it does not offer {', '.join(sorted(missing))}"
            raise self._given_up("host.agent-incapable", text)

    def _may_look_again(self, deadline: float) -> bool:
        """Wait for an agent that is being started again, and tell whether there is time for another look."""
        time.sleep(max(0.0, min(RESTART_S, deadline - time.monotonic())))
        return time.monotonic() < deadline

    def _thaw(self, deadline: float) -> int | None:
        """Thaw once and have it confirmed.

        Raises:
            AnswerLost: it is not known to be thawed.
        """
        try:
            count = self._wire.execute(THAW, deadline=deadline, urgent=True)
        except AgentError:
            # A failed hook, or VSS: it comes after the thaw, and the count is lost with it.
            count = None
        status = self._status(deadline)
        if status != "thawed":
            raise AnswerLost(f"the agent says that the guest is {status}")
        counted = type(count) is int and count >= 0
        if not (counted or self._agent_remembers):
            raise AnswerLost("the agent failed, and may never have known of the freeze")
        self._held = _Held.NOTHING
        return count if counted and self._count_is_proof else None

    def _connect_anew(self, deadline: float) -> None:
        """Connect to whatever agent is there now. It may be a new one, without the memory of a freeze."""
        self._count_is_proof = False
        self._unanswered = 0
        self._wire.connect(deadline)
        self._agent_remembers = self._status(deadline) == "frozen"

    def _status(self, deadline: float) -> object:
        try:
            return self._wire.execute(STATUS, deadline=deadline)
        except AgentError as error:
            raise AnswerLost(f"the agent does not tell its state: {error}") from None

    def _execute(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        return self._wire.execute(command, arguments, deadline=self._deadline())

    def _answer(self, command: str, arguments: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        if command not in ASKABLE:
            raise self._failed("host.rejected", f"{command} is not for asking")
        answer: dict[str, Any] = {"asked_s": time.monotonic()}
        try:
            answer["return"] = self._wire.execute(command, arguments, deadline=self._deadline())
        except AgentError as error:
            answer["error"] = {"class": error.error_class, "desc": str(error)}
        answer["answered_s"] = time.monotonic()
        return answer

    def _sync(self, cancelled: threading.Event) -> None:
        """Run `sync` in the guest. That it fails is no harm: the freeze itself will take longer."""
        try:
            started = self._execute("guest-exec", {"path": "sync", "arg": ["-f", *self._mount_points]})
            deadline = self._deadline()
            while not cancelled.wait(FLUSH_LOOK_S) and time.monotonic() < deadline:
                if self._execute("guest-exec-status", {"pid": started["pid"]})["exited"]:
                    return
        except (AgentError, KeyError, TypeError):
            return

    def _deadline(self) -> float:
        return time.monotonic() + self._call_s

    def _given_up(self, code: str, what: str) -> HoldFailed:
        """Leave the agent to others, who may have to thaw it."""
        self._wire.close()
        return self._failed(code, what)

    def _failed(self, code: str, what: str) -> HoldFailed:
        return HoldFailed(code, what, self._wire.path)


def _enabled(info: Mapping[str, Any]) -> set[str]:
    """Return the names of the commands that an agent would execute."""
    return {each["name"] for each in info["supported_commands"] if each["enabled"]}
