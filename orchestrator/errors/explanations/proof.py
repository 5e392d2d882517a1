"""Codes of R1, condition by condition."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "proof.facts-impossible": Explanation(
        "A recorded time, duration or budget cannot be: not a number, negative, running backwards, or wider "
        "than the product allows.",
        "Check whether a clock was set during the run, then run again. In a record: do not use the set.",
    ),
    "proof.writer-not-frozen": Explanation(
        "R1(a): a selected writer had not reported frozen before the first cut was asked for.",
        "See the writer's state with `quiesce host test NAME`, then run again.",
    ),
    "proof.file-system-not-frozen": Explanation(
        "R1(a), where no writer takes part: the freeze did not take hold of every file system of the set.",
        "See which of them is frozen by somebody else, or cannot be frozen: `quiesce host show NAME`.",
    ),
    "proof.thawed-by-others": Explanation(
        "R1(c), where no writer takes part: fewer file systems were still frozen at our thaw than our freeze "
        "had frozen. Somebody else thawed one inside the window.",
        "Find out who thaws (another backup tool, an admin's `fsfreeze --unfreeze`), then run again.",
    ),
    "proof.cut-not-acknowledged": Explanation(
        "R1(b): a cut had not been acknowledged by its own answer before release was sent.",
        "See the timeline for the slow array, then run again.",
    ),
    "proof.hold-not-ours": Explanation(
        "R1(c): the hold on writes ended by something other than our release.",
        "Look for the host's own time-out in its event log; shorten the window.",
    ),
    "proof.window-over-budget": Explanation(
        "R1(c): the hold or the freeze lasted longer than its budget, on the host's clock or on ours.",
        "See the timeline for what took long, then run again at a quieter time.",
    ),
    "proof.clocks-disagree": Explanation(
        "R1(c): wall clock and monotonic clock disagree about the length of the window: a machine was "
        "paused or its clock was set.",
        "Keep the orchestrator and the host from being suspended during runs; check time synchronisation.",
    ),
    "proof.set-not-finished": Explanation(
        "R1(d): the host did not report the whole set finished.",
        "Read the set's status code (`quiesce errors`), then run again.",
    ),
    "proof.writer-lost": Explanation(
        "R1(e): a selected writer was absent after the thaw, failed, restarted, or belongs to another "
        "session.",
        "Check the service that owns the writer, then run again.",
    ),
    "proof.members-differ": Explanation(
        "R1(f): an array does not list exactly the planned members, whole, by their immutable ids.",
        "Check who edits our consistency groups on this array, then run again.",
    ),
    "proof.cut-time-contradicts": Explanation(
        "R1(f): a cut's time on the array lies outside the frozen interval.",
        "Check the array's clock against ours: `quiesce array test NAME`.",
    ),
    "proof.cut-time-inconclusive": Explanation(
        "R1(f): the array's clock is too coarse to say whether the cut lies inside the frozen interval. "
        "Nothing contradicts it; the order of the answers still proves it.",
        "Nothing to do. A finer clock or better time synchronisation would sharpen the record.",
    ),
    "proof.map-changed": Explanation(
        "R1(g): the map from files to array volumes was not the same after the thaw, or is not what was cut.",
        "Do not move databases or LUNs during a run, then run again.",
    ),
}
