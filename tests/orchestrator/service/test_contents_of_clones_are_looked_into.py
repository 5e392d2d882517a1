from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from orchestrator.errors import ArrayRejected, Refused, VerificationStopped
from orchestrator.evidence import Verification, WritersAnswer
from orchestrator.journal.entries import EntryKind
from orchestrator.model.arrays import ArrayVolume, Presentation
from orchestrator.model.grades import RunStatus
from orchestrator.model.verification import (
    ContentFinding,
    Place,
    Severity,
    Verdict,
    VerifiedComponent,
)
from orchestrator.plugin import ClonedComponent, Control, Presenter, Verifier
from orchestrator.service.presentation import present_set
from orchestrator.service.quarantine import delete_expired
from orchestrator.service.recovery import recover_all
from orchestrator.service.verification_control import VerificationControl
from tests.orchestrator.engine.fake_host import WRITER
from tests.orchestrator.service.world import LOGS, Desk, WorldArray

pytestmark = pytest.mark.journey


@dataclass
class Eyes:
    """What the arrays have shown, and what the verifier saw and is to say."""

    folder: Path
    verdict: Verdict = Verdict.RECOVERABLE
    error: Exception | None = None
    shown: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    clinging: bool = False
    seen: list[ClonedComponent] = field(default_factory=list)
    shown_meanwhile: set[str] = field(default_factory=set)


class LookedAtArray(WorldArray, Presenter):
    """One of the world's arrays that shows its clones to this machine, as files."""

    eyes: ClassVar[Eyes]

    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        if self.name in self.eyes.refusing:
            raise ArrayRejected("it will not", subject=self.name)
        self.eyes.shown.update(volume.name for volume in volumes)
        return [
            Presentation(volume.volume_id, str(self.eyes.folder / self.name / volume.name))
            for volume in volumes
        ]

    async def withdraw(self, volumes: Sequence[ArrayVolume]) -> None:
        if self.eyes.clinging:
            raise ArrayRejected("somebody has it open", subject=self.name, code="array.in-use")
        self.eyes.shown.difference_update(volume.name for volume in volumes)


class FakeVerifier(Verifier):
    """Says what it is told to."""

    kind = "fake"
    writer_ids = frozenset({WRITER.writer_id})
    eyes: ClassVar[Eyes]

    def verify(self, components: Sequence[ClonedComponent], control: Control) -> Sequence[VerifiedComponent]:
        control.take(1)
        self.eyes.seen += components
        self.eyes.shown_meanwhile = set(self.eyes.shown)
        if self.eyes.error is not None:
            raise self.eyes.error
        finding = ContentFinding(
            "verify.contents-failed", Severity.ERROR, Place("D:\\file", "page", 12), "Page 12 is bad."
        )
        findings = (finding,) if self.eyes.verdict.failed else ()
        return [
            VerifiedComponent(each.caption, self.kind, self.eyes.verdict, bytes_read=7, findings=findings)
            for each in components
        ]


@pytest.fixture
def eyes(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Eyes:
    eyes = Eyes(tmp_path)
    array = type("LookedAt", (LookedAtArray,), {"world": desk.world, "eyes": eyes})
    verifier = type("Eyed", (FakeVerifier,), {"eyes": eyes})
    plugins = desk.installation.plugins
    monkeypatch.setitem(plugins.providers, "fake", array)
    monkeypatch.setitem(vars(desk.installation), "plugins", replace(plugins, verifiers={"fake": verifier}))
    return eyes


def verifications(desk: Desk) -> list[Verdict]:
    return [claim.verdict for claim in desk.claims() if isinstance(claim, Verification)]


def test_every_file_is_followed_to_the_clone_that_holds_it(desk: Desk, eyes: Eyes) -> None:
    result = desk.run(clone=True, verify=True)
    (component,) = eyes.seen
    assert (component.caption, component.writer_id) == ("DB01", WRITER.writer_id)
    assert {each.host_path for each in component.files} == {
        "D:\\DB01.edb",
        *(f"{letter}:\\E00{number:05}.log" for number, letter in enumerate("EFG")),
    }
    assert all(each.host_path.endswith(f":\\{each.inner_path}") for each in component.files)
    assert result.facts is not None
    source_of = {row.file: (row.array_id, row.volume_id) for row in result.facts.map_before}
    made_from = {
        (cut.array_id, member.source_volume_id): (cut.array_name, member.replica_id)
        for cut in result.facts.cuts
        for member in cut.listed
    }
    names = {(each.array_name, each.clone.replica_id): each.clone.volume.name for each in result.clones}
    for file in component.files:
        replica = made_from[source_of[file.host_path]]
        assert file.clone.parts[-2:] == (replica[0], names[replica])
    assert len({each.clone for each in component.files}) == 4


def test_clones_are_shown_while_they_are_read_and_hidden_again(desk: Desk, eyes: Eyes) -> None:
    result = desk.run(clone=True, verify=True)
    assert eyes.shown_meanwhile == {each.clone.volume.name for each in result.clones}
    assert eyes.shown == set()
    assert verifications(desk) == [Verdict.RECOVERABLE]
    row = desk.row(result)
    assert row is not None
    assert row.verification is not None
    assert (row.verification["verdict"], row.verification["bytes"]) == ("recoverable", 7)
    assert row.expires_at is None


def test_contents_that_are_bad_put_the_set_into_quarantine(desk: Desk, eyes: Eyes) -> None:
    good = desk.run(clone=True, verify=True)
    eyes.verdict = Verdict.DAMAGED
    bad = desk.run(clone=True, verify=True)
    assert bad.status is RunStatus.FAILED_VERIFICATION
    assert bad.error is not None
    assert "source" in bad.error.remedy
    with pytest.raises(Refused, match="damaged") as caught:
        present_set(desk.installation, bad.set_name)
    assert caught.value.code == "policy.quarantined"
    assert eyes.shown == set()
    row = desk.row(bad)
    assert row is not None
    assert row.expires_at is not None
    assert delete_expired(desk.installation, row.expires_at - timedelta(seconds=1)) == ()
    (expired,) = delete_expired(desk.installation, row.expires_at)
    assert (expired.set_id, expired.problem) == (bad.set_name, "")
    assert desk.row(bad) is None
    assert desk.row(good) is not None
    assert present_set(desk.installation, good.set_name)


def test_a_run_deletes_what_has_expired_before_it(desk: Desk, eyes: Eyes) -> None:
    eyes.verdict = Verdict.UNRECOVERABLE
    bad = desk.run(clone=True, verify=True)
    row = desk.row(bad)
    assert row is not None
    desk.installation.sets.update(replace(row, expires_at=datetime.now(UTC) - timedelta(days=1)))
    desk.run()
    assert desk.row(bad) is None


def test_what_has_expired_but_cannot_be_deleted_keeps_no_run_waiting(desk: Desk, eyes: Eyes) -> None:
    eyes.verdict = Verdict.DAMAGED
    bad = desk.run(clone=True, verify=True)
    desk.world.silent.add(LOGS)
    (left,) = delete_expired(desk.installation, datetime.now(UTC) + timedelta(days=30))
    assert (left.set_id, "no answer" in left.problem) == (bad.set_name, True)
    assert desk.row(bad) is not None


def test_a_verifier_that_fails_says_nothing_about_the_contents(desk: Desk, eyes: Eyes) -> None:
    eyes.error = ZeroDivisionError("oops")
    result = desk.run(clone=True, verify=True)
    assert result.status is RunStatus.COMPLETED
    assert "ZeroDivisionError" in result.note
    assert verifications(desk) == []
    assert eyes.shown == set()


def test_an_array_that_shows_nothing_leaves_the_contents_unchecked(desk: Desk, eyes: Eyes) -> None:
    eyes.refusing.add(LOGS)
    result = desk.run(clone=True, verify=True)
    assert result.status is RunStatus.COMPLETED
    assert "it will not" in result.note
    assert eyes.seen == []
    assert eyes.shown == set()


@pytest.mark.parametrize(
    ("verdict", "told"), [(Verdict.RECOVERABLE, "succeeded"), (Verdict.DAMAGED, "failed")]
)
def test_a_truncating_run_tells_the_writers_what_was_found(
    desk: Desk, eyes: Eyes, verdict: Verdict, told: str
) -> None:
    eyes.verdict = verdict
    desk.run(clone=True, verify=True, backup_type="full", truncate=True)
    assert desk.kinds_of_claims() == ["Proof", "Verification", "WritersAnswer"]
    answer = desk.claims()[-1]
    assert isinstance(answer, WritersAnswer)
    assert (answer.told, answer.backup_type) == (told, "full")
    assert desk.world.host.told_success is verdict.passed


def test_clones_that_cannot_be_hidden_do_not_hide_what_was_found(desk: Desk, eyes: Eyes) -> None:
    eyes.clinging, eyes.verdict = True, Verdict.DAMAGED
    result = desk.run(clone=True, verify=True)
    assert result.status is RunStatus.FAILED_VERIFICATION
    assert "somebody has it open" in result.note
    assert verifications(desk) == [Verdict.DAMAGED]


def test_clones_that_cannot_be_hidden_are_told_of_even_if_nothing_could_be_read(
    desk: Desk, eyes: Eyes
) -> None:
    eyes.clinging, eyes.error = True, ZeroDivisionError("oops")
    result = desk.run(clone=True, verify=True)
    assert "ZeroDivisionError" in result.note
    assert "somebody has it open" in result.note


# ---------------------------------------------------------------- a process that dies


def test_recovery_takes_away_what_a_dead_look_left_shown(desk: Desk, eyes: Eyes) -> None:
    result = desk.run(clone=True, verify=True)
    desk.cut_journal_after(result, EntryKind.VERIFYING)
    eyes.shown = {each.clone.volume.name for each in result.clones}
    (recovered,) = recover_all(desk.installation)
    assert recovered.status is RunStatus.COMPLETED
    assert eyes.shown == set()


def test_what_cannot_be_taken_away_is_tried_again(desk: Desk, eyes: Eyes) -> None:
    result = desk.run(clone=True, verify=True)
    desk.cut_journal_after(result, EntryKind.VERIFYING)
    eyes.shown = {each.clone.volume.name for each in result.clones}
    desk.world.silent.add(LOGS)
    (recovered,) = recover_all(desk.installation)
    assert recovered.status is RunStatus.IN_DOUBT
    desk.world.silent.clear()
    (recovered,) = recover_all(desk.installation)
    assert recovered.status is RunStatus.COMPLETED
    assert eyes.shown == set()


@pytest.mark.parametrize("verdict", [Verdict.RECOVERABLE, Verdict.DAMAGED])
def test_recovery_remembers_what_was_found(desk: Desk, eyes: Eyes, verdict: Verdict) -> None:
    eyes.verdict = verdict
    result = desk.run(clone=True, verify=True)
    desk.cut_journal_after(result, EntryKind.VERIFIED)
    desk.forget(result)
    recover_all(desk.installation)
    row = desk.row(result)
    assert row is not None
    assert row.verification is not None
    assert row.verification["verdict"] == verdict
    assert (row.status is RunStatus.FAILED_VERIFICATION) is verdict.failed
    assert (row.expires_at is not None) is verdict.failed


@pytest.mark.parametrize("last", [EntryKind.PROVEN, EntryKind.VERIFYING, EntryKind.VERIFIED])
def test_a_truncating_run_that_died_before_it_told_the_writers_lets_no_log_go(
    desk: Desk, eyes: Eyes, last: EntryKind
) -> None:
    eyes.verdict = Verdict.DAMAGED  # nothing was told on the first way either
    result = desk.run(clone=True, verify=True, backup_type="full", truncate=True)
    for path in desk.chain.files()[-1:]:
        path.unlink()
    desk.cut_journal_after(result, last)
    desk.world.host.session_open = True
    recover_all(desk.installation)
    answer = desk.claims()[-1]
    assert isinstance(answer, WritersAnswer)
    assert (answer.told, answer.reply) == ("failed", "answered")
    assert not desk.world.host.told_success


def test_a_truncating_run_that_died_with_both_keys_on_record_lets_its_logs_go(desk: Desk, eyes: Eyes) -> None:
    result = desk.run(clone=True, verify=True, backup_type="full", truncate=True)
    desk.chain.files()[-1].unlink()
    desk.cut_journal_after(result, EntryKind.VERIFIED)
    desk.world.host.session_open, desk.world.host.told_success = True, False
    recover_all(desk.installation)
    assert desk.kinds_of_claims() == ["Proof", "Verification", "WritersAnswer"]
    assert desk.world.host.told_success


# ---------------------------------------------------------------- somebody who does not want to wait


def test_a_verifier_is_stopped_within_a_second() -> None:
    async def stop_while_it_reads() -> None:
        control = VerificationControl(asyncio.get_running_loop(), lambda _text: None)
        reads = threading.Event()

        def read() -> None:
            while True:
                control.take(1 << 20)
                reads.set()

        reading = asyncio.create_task(asyncio.to_thread(read))
        await asyncio.to_thread(reads.wait)
        control.stop()
        with pytest.raises(VerificationStopped):
            await reading

    asyncio.run(stop_while_it_reads())


@pytest.mark.parametrize(
    ("done", "total", "text"), [(50, 200, "DB: 25 % of 200 bytes"), (0, 0, "DB")], ids=["reading", "waiting"]
)
def test_whoever_waits_hears_how_far_it_is(done: int, total: int, text: str) -> None:
    async def hear() -> list[str]:
        heard: list[str] = []
        VerificationControl(asyncio.get_running_loop(), heard.append).advance("DB", done, total)
        await asyncio.sleep(0)
        return heard

    assert asyncio.run(hear()) == [text]
