"""What a watchdog holds: file systems by ioctl, or a guest by its agent."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class HoldFailed(Exception):
    """A hold could not be prepared, taken or asked.

    Attributes:
        code: of the error catalogue.
        what: what happened, in words.
        subject: to which file system or guest.
    """

    def __init__(self, code: str, what: str, subject: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.subject = subject


@dataclass(frozen=True, slots=True)
class HoldSpec:
    """How any process can make the hold again: the watchdog, and whoever takes over from a dead one.

    Attributes:
        reference: "module:Class" of the `Hold`.
        arguments: its keyword arguments, as JSON can carry them; no secrets.
    """

    reference: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Hold(ABC):
    """One hold over some file systems. Every call blocks; none is made from an event loop.

    Made in the watchdog's process. `freeze` runs in a thread of its own; `thaw` is called after it has
    returned, never beside it. A freeze whose outcome is unknown counts as frozen.
    """

    @abstractmethod
    def prepare(self) -> None:
        """Open everything a freeze needs, check that it is what was planned, and flush what is dirty.

        May come minutes before the freeze; `flush` comes right before it.

        Raises:
            HoldFailed: nothing was frozen.
        """

    def flush(self, cancelled: threading.Event) -> None:  # noqa: B027 - not every hold can
        """Write out what is dirty while writers still run: what is left then is what a freeze waits for.

        Called right before `freeze`, in the same thread. Gives up once `cancelled` is set.

        Raises:
            HoldFailed: nothing was frozen.
        """

    @abstractmethod
    def freeze(self, cancelled: threading.Event) -> int:
        """Freeze, and return how many file systems that took hold of.

        Looks at `cancelled` before each call that freezes, and makes none once it is set.

        Raises:
            HoldFailed: fewer were frozen than planned; `thaw` undoes those.
        """

    @abstractmethod
    def thaw(self) -> int | None:
        """Thaw whatever this hold may have frozen, and return how many were frozen until then.

        None if that count was lost. Idempotent: the second time returns 0.

        Raises:
            HoldFailed: something may still be frozen.
        """

    @abstractmethod
    def proven_thawed(self) -> bool:
        """Tell whether nothing of it is frozen, by the best proof there is."""

    @abstractmethod
    def reopen(self) -> None:
        """Open only what a thaw needs: for whoever takes over from a watchdog that died.

        Raises:
            HoldFailed: it cannot be reached, or is not what it was.
        """

    def ask(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Pass a question on, outside a freeze; for holds that own the only way to their host.

        Raises:
            HoldFailed: there is no such way, or it failed.
        """
        raise HoldFailed("internal.fault", "this hold answers no questions")

    @abstractmethod
    def close(self) -> None:
        """Let go of descriptors and sockets. Thaws nothing; never raises."""
