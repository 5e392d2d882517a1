"""After the proof: who is told what, and when, by what a look into the clones found (R6)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.result import PlacedClone
from orchestrator.errors import OrchestratorError, VerificationError, VerificationStopped
from orchestrator.journal.entries import EntryKind
from orchestrator.model.grades import RunStatus
from orchestrator.model.verification import (
    ContentFinding,
    ContentsReport,
    Place,
    Severity,
    Verdict,
    VerifiedComponent,
)
from orchestrator.policy.presentation import PresentationTarget
from tests.orchestrator.engine.fake_host import WRITER
from tests.orchestrator.engine.scene import Scene, a_job

pytestmark = pytest.mark.virtual_time

AN_ERROR = ContentFinding(
    "verify.contents-failed", Severity.ERROR, Place("DB01.edb", "page", 12), "Page 12 has a wrong checksum."
)


@dataclass
class Look:
    """A look into the clones that ends as told, after some time."""

    verdict: Verdict = Verdict.RECOVERABLE
    error: OrchestratorError | None = None
    takes_s: float = 60.0
    verifiable: Collection[str] = frozenset({WRITER.writer_id})
    seen_by: Sequence[PresentationTarget] = ()
    told_before: list[bool] = field(default_factory=list)
    scene: Scene | None = None

    async def look(
        self, attempt: Attempt, clones: Sequence[PlacedClone], stop: asyncio.Event
    ) -> ContentsReport:
        assert self.scene is not None
        assert clones
        assert attempt.host_set is not None
        self.told_before = list(self.scene.recorder.answers)
        try:
            async with asyncio.timeout(self.takes_s):
                await stop.wait()
        except TimeoutError:
            if self.error is not None:
                raise self.error from None
        else:
            raise VerificationStopped("verify.stopped", "stopped")
        findings = (AN_ERROR,) if self.verdict.failed else ()
        component = VerifiedComponent("DB01", "fake", self.verdict, findings=findings)
        return ContentsReport((component,), datetime.now(UTC), datetime.now(UTC))


def scene_of(look: Look, **job: object) -> Scene:
    scene = Scene(a_job(**{"clone": True, "verify": True, **job}))
    scene.run.contents = look
    look.scene = scene
    return scene


def kinds(scene: Scene) -> list[EntryKind]:
    return [entry.kind for entry in scene.journal.entries]


async def test_a_copy_backup_tells_the_writers_before_anybody_looks() -> None:
    look = Look()
    scene = scene_of(look)
    result = await scene.run.perform()
    assert look.told_before == [True]
    assert (result.status, result.error) == (RunStatus.COMPLETED, None)
    assert result.contents is not None
    assert scene.recorder.verdicts == [Verdict.RECOVERABLE]
    assert kinds(scene)[-5:] == [
        EntryKind.CLONING,
        EntryKind.CLONED,
        EntryKind.VERIFYING,
        EntryKind.VERIFIED,
        EntryKind.ENDED,
    ]


@pytest.mark.parametrize("verdict", [Verdict.CLEAN, Verdict.RECOVERABLE])
async def test_a_truncating_backup_tells_them_afterwards_if_the_contents_passed(verdict: Verdict) -> None:
    look = Look(verdict)
    scene = scene_of(look, backup_type="full", truncate=True)
    result = await scene.run.perform()
    assert look.told_before == []
    assert scene.recorder.told_of == [True]
    assert scene.host.state.told_success
    assert result.status is RunStatus.COMPLETED
    order = kinds(scene)
    assert order.index(EntryKind.VERIFIED) < order.index(EntryKind.TELLING) < order.index(EntryKind.ENDED)


@pytest.mark.parametrize("verdict", [each for each in Verdict if not each.passed])
async def test_no_log_is_truncated_on_any_other_verdict(verdict: Verdict) -> None:
    scene = scene_of(Look(verdict), backup_type="full", truncate=True)
    result = await scene.run.perform()
    assert scene.recorder.told_of == [False]
    assert not scene.host.state.told_success
    assert not scene.host.state.session_open
    assert "they keep their logs" in result.note
    telling = next(entry for entry in scene.journal.entries if entry.kind is EntryKind.TELLING)
    assert telling.data == {"succeeded": False}


async def test_writers_are_held_no_longer_than_the_job_allows() -> None:
    look = Look(takes_s=3600)
    scene = scene_of(look, backup_type="full", truncate=True, hold_limit_s=120.0)
    result = await scene.run.perform()
    assert scene.recorder.told_of == [False]
    assert not scene.host.state.told_success
    assert scene.host.state.ended_at_s < 140
    assert "longer than the 120 s" in result.note
    assert (result.status, scene.recorder.verdicts) == (RunStatus.COMPLETED, [Verdict.RECOVERABLE])


@pytest.mark.parametrize("error", [VerificationError("verify.cannot-read", "gone"), None])
async def test_no_log_is_truncated_if_nobody_could_look(error: VerificationError | None) -> None:
    look = Look(error=error or VerificationError("verify.cannot-read", "gone"))
    scene = scene_of(look, backup_type="full", truncate=True)
    result = await scene.run.perform()
    assert scene.recorder.told_of == [False]
    assert scene.recorder.verdicts == []
    assert result.status is RunStatus.COMPLETED
    assert "not verified: gone" in result.note


@pytest.mark.parametrize("verdict", [each for each in Verdict if each.failed])
async def test_a_set_with_bad_contents_stays_and_its_run_has_failed(verdict: Verdict) -> None:
    scene = scene_of(Look(verdict))
    result = await scene.run.perform()
    assert result.status is RunStatus.FAILED_VERIFICATION
    assert result.grade == "writer-verified"
    assert result.error is not None
    assert result.error.code == "verify.contents-failed"
    assert result.error.subject == "DB01"
    assert "Page 12" in result.error.what
    assert len(result.clones) == 4
    assert scene.left_behind() >= {each.clone.volume.name for each in result.clones}


@pytest.mark.parametrize("verdict", [Verdict.NO_VERIFIER, Verdict.NOT_VERIFIABLE])
async def test_a_set_that_cannot_be_judged_is_kept(verdict: Verdict) -> None:
    result = await scene_of(Look(verdict)).run.perform()
    assert (result.status, result.error) == (RunStatus.COMPLETED, None)


@pytest.mark.parametrize("truncate", [False, True])
async def test_whoever_does_not_want_to_wait_keeps_a_proven_set(truncate: bool) -> None:
    look = Look(takes_s=3600)
    scene = scene_of(look, backup_type="full" if truncate else "copy", truncate=truncate)
    running = asyncio.create_task(scene.run.perform())
    await asyncio.sleep(30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert scene.clock.now() < 40
    result = scene.run.result
    assert result is not None
    assert result.status is RunStatus.COMPLETED
    assert "not verified: stopped" in result.note
    assert scene.recorder.told_of == [not truncate]
    assert kinds(scene)[-1] is EntryKind.ENDED


async def test_nobody_looks_unless_the_job_asks() -> None:
    look = Look(Verdict.DAMAGED)
    scene = scene_of(look, verify=False)
    result = await scene.run.perform()
    assert (result.status, result.contents) == (RunStatus.COMPLETED, None)
    assert EntryKind.VERIFYING not in kinds(scene)


async def test_nobody_looks_where_no_clone_could_be_made() -> None:
    scene = scene_of(Look(Verdict.DAMAGED))
    for array in scene.arrays:
        array.behaviour.failing = frozenset({"clone"})
    result = await scene.run.perform()
    assert (result.status, result.contents) == (RunStatus.COMPLETED, None)
    assert "no clones" in result.note


async def test_truncation_is_refused_where_no_verifier_understands_the_writer() -> None:
    scene = scene_of(Look(verifiable=frozenset()), backup_type="full", truncate=True)
    result = await scene.run.perform()
    assert result.status is RunStatus.REFUSED
    assert [each.code for each in result.reasons] == ["policy.truncation-unverified"]
    assert "open" not in scene.host.calls


async def test_without_verifiers_a_set_is_kept_with_its_contents_unchecked() -> None:
    scene = Scene(a_job(clone=True, verify=True))
    result = await scene.run.perform()
    assert result.status is RunStatus.COMPLETED
    assert result.contents is not None
    assert result.contents.verdict is Verdict.NO_VERIFIER
