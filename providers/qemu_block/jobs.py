"""Jobs of the daemon: what takes longer than one answer."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from orchestrator.errors import ArrayError, ArrayRejected
from providers.qemu_block.client import Arguments, Monitor
from providers.qemu_block.errors import bad_answer, refusal_in_words

_FIRST_LOOK_S: Final = 0.002
_LONGEST_PAUSE_S: Final = 0.25


async def run_job(monitor: Monitor, command: str, job_id: str, arguments: Arguments) -> None:
    """Start a job and wait until it has ended well.

    Raises:
        ArrayRejected: it was refused, or failed.
        ArrayError: no answer, or no progress any more.
    """
    await monitor.change(command, {**arguments, "job-id": job_id})
    await _end(monitor, job_id)


async def end_jobs(monitor: Monitor, prefix: str) -> None:
    """Wait for the jobs whose ids begin like this; a dead process of ours has left them. Failed ones count.

    Raises:
        ArrayError: no answer, or no progress any more.
    """
    for row in await _rows(monitor):
        if row["id"].startswith(prefix):
            try:
                await _end(monitor, row["id"])
            except ArrayRejected:
                continue  # what it was to do is looked at, and done, again


async def _end(monitor: Monitor, job_id: str) -> None:
    loop = asyncio.get_running_loop()
    seen, moved_at, pause_s = None, loop.time(), _FIRST_LOOK_S
    while True:
        row = next((row for row in await _rows(monitor) if row["id"] == job_id), None)
        if row is None:
            raise ArrayError("array.bad-answer", f"the job {job_id} is gone", subject=monitor.subject)
        if row["status"] == "concluded":
            break
        if (progress := (row["status"], row["current-progress"])) != seen:
            seen, moved_at = progress, loop.time()
        elif loop.time() - moved_at > monitor.patience.stall_s:
            what = f"the job {job_id} makes no progress: {row['status']}"
            raise ArrayError("array.unreachable", what, subject=monitor.subject)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    await monitor.change("job-dismiss", {"id": job_id})
    if row.get("error"):
        raise refusal_in_words(str(row["error"]), subject=monitor.subject)


async def _rows(monitor: Monitor) -> list[dict[str, Any]]:
    rows = await monitor.ask("query-jobs")
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and {"id", "status", "current-progress"} <= row.keys() for row in rows
    ):
        raise bad_answer("the answer to query-jobs is not a list of jobs", monitor.subject)
    return rows
