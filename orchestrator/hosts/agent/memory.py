"""What an agent remembers of its sets when it is started again: one small file. Blocks.

Written before a set is opened and after one has ended, and never while anything is frozen.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import HostError

MOST_OVER: Final = 1000  # sets under one fence: a run makes a handful of attempts


@dataclass(frozen=True, slots=True)
class Remembered:
    """The sets of one agent.

    Attributes:
        highest_fence: of all that it was ever shown.
        open_sets: fencing tokens of those that were opened and have not ended, by set id.
        over: ids of ended sets under the highest fence; those under lower ones need not be known.
    """

    highest_fence: int = 0
    open_sets: dict[str, int] = field(default_factory=dict)
    over: tuple[str, ...] = ()

    def demand_new(self, set_id: str, fence: int) -> None:
        """Refuse a set that may not be opened (any more).

        Raises:
            HostError: `agent.fenced`; `host.rejected`, its id was used before.
        """
        if fence < self.highest_fence:
            what = f"its fencing token is {fence}, and the agent has seen {self.highest_fence}"
            raise HostError("agent.fenced", what, subject=set_id)
        over = self._seen(fence).over
        if set_id in self.open_sets or set_id in over or len(over) >= MOST_OVER:
            raise HostError("host.rejected", "this set id was used before", subject=set_id)

    def opened(self, set_id: str, fence: int) -> Remembered:
        """Return the same with one more open set."""
        seen = self._seen(fence)
        return replace(seen, open_sets={**seen.open_sets, set_id: fence})

    def ended(self, set_id: str, fence: int) -> Remembered:
        """Return the same with a set, open or unknown, that is over."""
        seen = self._seen(fence)
        left = {each: token for each, token in seen.open_sets.items() if each != set_id}
        over = seen.over
        if fence == seen.highest_fence and set_id not in over:
            over = (*over, set_id)
        return replace(seen, open_sets=left, over=over)

    def _seen(self, fence: int) -> Remembered:
        if fence <= self.highest_fence:
            return self
        return replace(self, highest_fence=fence, over=())


_FORM: Final = TypeAdapter(Remembered)


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """Where it stands."""

    path: Path

    def read(self) -> Remembered:
        """Return what was remembered last; nothing at first.

        Raises:
            HostError: `agent.state-unusable`. To forget which sets were open would be to leave them frozen.
        """
        try:
            return _FORM.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return Remembered()
        except OSError as error:
            what = f"it cannot be read: {error.strerror}"
        except ValidationError:
            what = "it does not hold what an agent remembers"
        raise HostError("agent.state-unusable", what, subject=str(self.path))

    def write(self, remembered: Remembered) -> None:
        """Put it there, whole and on disk.

        Raises:
            HostError: `agent.state-unusable`; what stood there still does.
        """
        draft = self.path.with_name(f".{uuid4().hex}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with draft.open("xb") as file:
                    file.write(_FORM.dump_json(remembered))
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self.path)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            what = f"it cannot be written: {error.strerror}"
            raise HostError("agent.state-unusable", what, subject=str(self.path)) from None
