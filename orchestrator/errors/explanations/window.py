"""Codes of the freeze window and the run around it."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "window.expired": Explanation(
        "Not every array had answered when the commit budget ran out. A late success is a failure.",
        "See the timeline for the slow array; `quiesce array test NAME` measures it.",
    ),
    "window.prepare-expired": Explanation(
        "The set was not prepared in time: the host's writers or an array took too long.",
        "See `quiesce host test NAME` and `quiesce array test NAME` for what is slow, then run again.",
    ),
    "window.thaw-unconfirmed": Explanation(
        "The host did not confirm the thaw within its deadline.",
        "The host thaws by itself at its dead-man deadline. Check it with `quiesce host test NAME`, then "
        "run `quiesce recover`.",
    ),
    "run.interrupted": Explanation(
        "The run was stopped from outside. Everything it made was removed.",
        "Start it again.",
    ),
    "run.in-doubt": Explanation(
        "The end of a run is not known yet.",
        "Run `quiesce recover`; until then nothing of this run counts as a copy.",
    ),
    "run.died": Explanation(
        "The process of a run ended before the run did. Recovery thawed the host and removed what it made.",
        "Find out why the process ended (out of memory, power, kill), then run the job again.",
    ),
    "run.journal-unreadable": Explanation(
        "A journal cannot be read.",
        "Restore the state folder from its backup, or move the damaged file aside after checking the "
        "arrays for objects of its run.",
    ),
    "lab.child-ended": Explanation(
        "An emulated part of the lab could not be started.",
        "Start it by hand with `quiesce lab …` to see why.",
    ),
    "lab.command-failed": Explanation(
        "A system program that the lab of real parts needs failed, or is not installed.",
        "Run as root on Linux, with the programs of `docs/reference/supported-hosts.md` installed.",
    ),
    "lab.not-our-file-system": Explanation(
        "The lab freezes only file systems that it made itself, and this is none.",
        "Report it: the lab lost track of what it had mounted.",
    ),
    "internal.fault": Explanation(
        "Something happened that Quiesce did not foresee.",
        "Report it with the message; run `quiesce recover` to be sure that nothing was left behind.",
    ),
}
