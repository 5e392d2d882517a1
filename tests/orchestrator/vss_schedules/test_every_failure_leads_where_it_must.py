"""Each row of VSS's failure table in each form: the set is deleted, the host is free, the reason is known."""

from __future__ import annotations

import pytest

from orchestrator.evidence import Reply
from orchestrator.hosts.emulated_exchange.emulator.faults import LOSSES, ROW_FAULTS
from orchestrator.model.grades import RunStatus
from orchestrator.model.verification import Verdict
from tests.orchestrator.engine.scene import a_job
from tests.orchestrator.vss_schedules.failure_table import EXPECTED, UNTOUCHED, Cell, hresults_of
from tests.orchestrator.vss_schedules.one_run import OneRun
from tests.orchestrator.vss_schedules.rules import broken_rules
from tests.orchestrator.vss_schedules.schedule import settle
from tests.orchestrator.vss_schedules.scripted_look import ScriptedLook
from tests.orchestrator.vss_schedules.vss_scene import DATABASES, VssScene

pytestmark = [pytest.mark.many, pytest.mark.virtual_time]

FORMS = ["error", "hang", "late"]
TRUNCATING = {"clone": True, "verify": True, "truncate": True, "backup_type": "full"}


def test_every_cell_has_its_expectation() -> None:
    assert {(cell.row, cell.form) for cell in EXPECTED} == set(ROW_FAULTS.values())
    for row in LOSSES:
        assert {cell.position for cell in EXPECTED if cell.row is row} == {1, 2, 3}


@pytest.mark.parametrize("cell", EXPECTED, ids=str)
async def test_a_failure_leads_where_it_must(cell: Cell) -> None:
    scene, one = await _meet(cell)
    expected = EXPECTED[cell]
    assert scene.struck == [f"{cell.row}:{cell.form}"]
    assert _status(one) == expected.status
    if expected.codes:
        assert _codes(one) & expected.codes
    if expected.hresults:
        assert hresults_of(one) & expected.hresults

    assert broken_rules(scene) == []
    again = await scene.perform(a_job(databases=DATABASES[:2]))
    assert _status(again) == RunStatus.COMPLETED


@pytest.mark.parametrize("form", FORMS)
async def test_a_truncating_backup_whose_end_fails_keeps_its_set_and_says_so(form: str) -> None:
    scene = VssScene()
    scene.inject(f"backup-complete:{form}", delay_s=1.0)
    look = ScriptedLook(Verdict.CLEAN)
    one = await scene.perform(a_job(databases=DATABASES[:2], **TRUNCATING), look)
    assert one.run.result is not None
    assert one.run.result.status is RunStatus.COMPLETED
    assert one.run.result.told is not None
    assert one.run.result.told.reply is (Reply.FAILED if form == "error" else Reply.UNKNOWN)
    assert one.run.result.note
    await settle(scene)
    assert broken_rules(scene) == []


async def _meet(cell: Cell) -> tuple[VssScene, OneRun]:
    """Let a copy backup meet a failure, at the first try and the only one, and wait for whatever follows."""
    scene = VssScene()
    scene.inject(f"{cell.row}:{cell.form}", position=cell.position, delay_s=cell.delay_s)
    one = await scene.perform(a_job(databases=DATABASES[:2], attempts=1))
    await settle(scene)
    return scene, one


def _status(one: OneRun) -> str:
    return UNTOUCHED if one.run.result is None else one.run.result.status


def _codes(one: OneRun) -> set[str]:
    result = one.run.result
    if one.error is not None:
        return {one.error.code}
    assert result is not None
    return {reason.code for reason in result.reasons} | ({result.error.code} if result.error else set())
