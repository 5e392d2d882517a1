"""When a set is begun anew: what failed is said by a status code, and the code says whether time cures it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from orchestrator.errors.hresults import RetryClass, retry_of
from orchestrator.model.facts import WindowFacts
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED

# Ten minutes are Microsoft's advice (IVssBackupComponents::DoSnapshotSet). What helps "once soon" was often
# left behind by a job that was aborted a moment ago; if soon did not help, it is given the ten minutes too.
LATER_S: Final = 600.0
SOON_S: Final = 30.0
WAITS_S: Final[Mapping[RetryClass, tuple[float, float]]] = {
    RetryClass.LATER: (LATER_S, LATER_S),
    RetryClass.SOON: (SOON_S, LATER_S),
}

_CODE: Final = re.compile(r"\b0x[0-9a-fA-F]{8}\b")


def blamed(facts: WindowFacts | None, texts: Iterable[str]) -> int | None:
    """Return the status code that a failed attempt is put down to: a writer's, the set's, or one in words.

    Args:
        facts: what was seen of the window.
        texts: errors and findings, most telling first.
    """
    if facts is not None:
        selected = {writer.instance_id for writer in facts.selected}
        for report in facts.writers_after or ():
            if report.failure and report.instance_id in selected:
                return report.failure
        if facts.release is not None and facts.release.set_status not in (0, VSS_S_ASYNC_FINISHED):
            return facts.release.set_status
    found = (_CODE.search(text) for text in texts)
    return next((int(code[0], 16) for code in found if code is not None), None)


def wait_before_next(hresult: int | None, attempt: int, attempts: int) -> float | None:
    """Return the seconds to wait before the next attempt; None if there is to be none.

    Args:
        hresult: what the last attempt is put down to.
        attempt: which one that was, from 1.
        attempts: how many there may be.
    """
    waits_s = None if hresult is None else WAITS_S.get(retry_of(hresult))
    if waits_s is None or attempt >= attempts:
        return None
    return waits_s[min(attempt, len(waits_s)) - 1]
