"""What keeps the rules, and how each of it is taken away for a test: then the rules must be seen broken.

The rules are kept in depth; where one guard stands behind another, both are taken away together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest

from orchestrator.engine import completion, freeze_window, give_up, run, thaw, undo
from orchestrator.engine.attempt import Attempt
from orchestrator.engine.clock import Clock
from orchestrator.engine.cut import PendingCut
from orchestrator.engine.undo import NOTHING_TO_UNDO, UndoReport
from orchestrator.errors import ArrayRejected
from orchestrator.hosts.emulated_exchange.emulator import sequence
from orchestrator.model.arrays import CutAnswer
from orchestrator.model.names import ObjectNames
from orchestrator.policy import proof
from orchestrator.policy.truncation import BackupType
from orchestrator.shadowcopy import State

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard, or several that stand behind each other.

    Attributes:
        what: in words.
        remove: takes it away.
        faults: what must go wrong for it to matter.
        broken: how the complaint begins that must come.
        job: the shape of the job that needs it.
    """

    what: str
    remove: Patch
    faults: tuple[str, ...]
    broken: str
    job: str = "copy"


def without_rules(*names: str) -> Patch:
    """Take rules out of the judge."""

    def remove(monkeypatch: pytest.MonkeyPatch) -> None:
        left = [each for each in proof.RULES_WITH_WRITERS if each[1].__name__ not in names]
        assert len(left) == len(proof.RULES_WITH_WRITERS) - len(names)
        monkeypatch.setattr(proof, "RULES_WITH_WRITERS", tuple(left))

    return remove


def _errors_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    without_rules("acknowledged_before_release", "listed_exactly_as_planned")(monkeypatch)
    monkeypatch.setattr(PendingCut, "error", None)


def _a_taken_name_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = PendingCut._commit

    async def commit(cut: PendingCut, token: Any, clock: Clock) -> None:
        try:
            await ask(cut, token, clock)
        except ArrayRejected:
            cut.acknowledged_at = clock.reading()
            cut.answer = CutAnswer("cut-id", f"{cut.armed.names.stem}.cut")

    monkeypatch.setattr(PendingCut, "_commit", commit)


def _no_thaw_in_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freeze_window, "HOLDING", frozenset({State.COMMITTED}))


def _one_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thaw, "RUNGS", 1)


def _no_timers_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "TIMERS", {})


def _cancellations_go_through(monkeypatch: pytest.MonkeyPatch) -> None:
    async def just_wait(work: Coroutine[Any, Any, Any], wish: asyncio.Event | None = None) -> Any:
        return await work

    for module in (run, freeze_window):
        monkeypatch.setattr(module, "finish_even_if_cancelled", just_wait)


async def _undo_nothing(cuts: Sequence[PendingCut], clock: Clock) -> UndoReport:
    return NOTHING_TO_UNDO


def _nothing_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(give_up, "undo_cuts", _undo_nothing)


def _nobody_waits_for_a_lost_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "_outcome_is_known", lambda _: True)


def _names_are_prefixes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ObjectNames, "covers", lambda names, name: name.startswith(names.stem))


async def _keep_the_session(attempt: Attempt) -> None:
    """End nothing."""


def _sessions_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(give_up, "_end_session", _keep_the_session)


def _any_verdict_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def yes(backup_type: BackupType, verdict: object) -> bool:
        return True

    monkeypatch.setattr(completion, "may_report_success", yes)


GUARDS: Final = (
    Guard(
        "R1(a), (e): a writer that does not freeze",
        without_rules("every_writer_frozen", "writers_still_there"),
        ("writer-not-frozen",),
        "R1(a), (e)",
    ),
    Guard(
        "R1(b): a cut needs an answer", _errors_do_not_matter, ("array-commit:lost-after-effect",), "R1(b)"
    ),
    Guard(
        "R1(b), R3: a name that is taken is a failure",
        _a_taken_name_is_an_answer,
        ("array-commit:already-exists",),
        "R1(b)",
    ),
    Guard(
        "R1(c), (d), (e): our release ends the hold",
        without_rules("hold_was_ours", "set_finished", "writers_still_there", "clocks_agree"),
        ("hold-ends-early",),
        "R1: DB01",
    ),
    Guard(
        "R1(c): all clocks tell of one window",
        without_rules("clocks_agree", "inside_budgets"),
        ("clock-jumps",),
        "unexplained: there is a set",
    ),
    Guard("R1(d): the set finished", without_rules("set_finished"), ("set-not-finished",), "R1(c), (d)"),
    *(
        Guard(f"R1(e): {fault}", without_rules("writers_still_there"), (fault,), "R1(a), (e)")
        for fault in (
            "writer-gone-after-thaw",
            "writer-restarted-after-thaw",
            "writer-failed-after-thaw",
            "component-failed-after-thaw",
            "session-restarted-after-thaw",
        )
    ),
    Guard(
        "R1(f): every member is there",
        without_rules("listed_exactly_as_planned"),
        ("array-commit:partial",),
        "R1(f)",
    ),
    Guard("R1(g): the map stays", without_rules("map_stayed"), ("storage-map-changed-after-thaw",), "R1(g)"),
    Guard("R2: a failed window thaws", _no_thaw_in_the_window, ("array-commit:rejected",), "R2"),
    Guard("R2: a lost thaw is asked for again", _one_rung, ("door-thaw:lost-before",), "unexplained"),
    Guard(
        "R2: the host thaws by itself",
        _no_timers_on_the_host,
        ("killed:frozen",),
        "R2",
    ),
    Guard(
        "R2, R3: a cancelled run goes on to its end", _cancellations_go_through, ("cancelled-twice",), "R3"
    ),
    Guard("R3: what was made is undone", _nothing_is_undone, ("writer-gone-after-thaw",), "R3"),
    Guard(
        "R3: a lost request is waited for",
        _nobody_waits_for_a_lost_request,
        ("array-arm:lost-late-effect",),
        "R3",
    ),
    Guard("R3: another attempt's objects stay", _names_are_prefixes, ("writer-gone-after-thaw",), "R3"),
    Guard(
        "R2: the session of a failed set is ended",
        _sessions_stay_open,
        ("writer-gone-after-thaw",),
        "R2: it left its session",
    ),
    Guard("R6: no truncation without a verdict", _any_verdict_will_do, (), "R6", "truncating"),
)
