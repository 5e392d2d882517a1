from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.engine.result import RunResult
from orchestrator.evidence import Aborted, Outcome, Reply, WritersAnswer
from orchestrator.journal.entries import EntryKind
from orchestrator.journal.store import JournalFile, abandoned_journal
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.service.recovery import Recovered, recover_all
from tests.orchestrator.engine.fake_host import HostFault
from tests.orchestrator.service.world import DATABASES, HOST, LOGS, Desk, World

pytestmark = pytest.mark.journey


def died(desk: Desk, last: EntryKind, *, proven: bool, clone: bool = False) -> RunResult:
    """Return a run whose process died after it had written this entry, and its proof if it is proven."""
    result = desk.run(clone=clone)
    desk.cut_journal_after(result, last)
    desk.forget(result)
    for path in desk.chain.files()[1 if proven else 0 :]:
        path.unlink()
    return result


def recover(desk: Desk) -> Recovered:
    (recovered,) = recover_all(desk.installation)
    assert recover_all(desk.installation) == () or recovered.status in (None, RunStatus.IN_DOUBT)
    return recovered


@pytest.mark.parametrize("last", [EntryKind.BEGUN, EntryKind.OPENING, EntryKind.CLOSED, EntryKind.SIGNING])
def test_what_is_not_proven_is_removed(desk: Desk, world: World, last: EntryKind) -> None:
    result = died(desk, last, proven=False)
    world.host.session_open = True
    recovered = recover(desk)
    assert recovered.status is RunStatus.ABORTED
    assert {remains.array_name for remains in recovered.undone.removed} == {LOGS, DATABASES}
    assert world.left() == set()
    assert world.foreign_is_untouched()
    assert not world.host.session_open
    (claim,) = desk.claims()
    assert isinstance(claim, Aborted)
    assert claim.reason.code == "run.died"
    assert desk.entries(result)[-1] is EntryKind.ENDED


@pytest.mark.parametrize(
    ("last", "lost"),
    [
        (EntryKind.SIGNING, Reply.NOT_TOLD),
        (EntryKind.PROVEN, Reply.NOT_TOLD),
        (EntryKind.TELLING, Reply.UNKNOWN),
        (EntryKind.TOLD, Reply.UNKNOWN),
    ],
)
@pytest.mark.parametrize("session_open", [True, False])
def test_what_is_proven_is_kept_and_the_writers_are_told_if_their_session_still_is(
    desk: Desk, world: World, last: EntryKind, lost: Reply, session_open: bool
) -> None:
    result = died(desk, last, proven=True)
    world.host.session_open, world.host.told_success = session_open, False
    before = world.left()
    assert recover(desk).status is RunStatus.COMPLETED
    assert world.left() == before
    row = desk.row(result)
    assert row is not None
    assert (row.status, row.grade, len(row.replicas)) == (RunStatus.COMPLETED, Grade.WRITER_VERIFIED, 4)
    _, answer = desk.claims()
    assert isinstance(answer, WritersAnswer)
    assert (answer.told, answer.reply) == (Outcome.SUCCEEDED, Reply.ANSWERED if session_open else lost)
    assert world.host.told_success is session_open
    assert not world.host.session_open


def test_an_answer_of_the_writers_that_is_on_record_is_not_written_twice(desk: Desk) -> None:
    result = desk.run()
    desk.cut_journal_after(result, EntryKind.TELLING)
    desk.forget(result)
    assert recover(desk).status is RunStatus.COMPLETED
    assert desk.kinds_of_claims() == ["Proof", "WritersAnswer"]


def test_clones_that_were_begun_are_said_to_be_unfinished(desk: Desk) -> None:
    result = died(desk, EntryKind.CLONING, proven=True, clone=True)
    recover(desk)
    row = desk.row(result)
    assert row is not None
    assert row.note == "its clones were not finished"


def test_clones_that_were_made_are_on_record(desk: Desk) -> None:
    result = desk.run(clone=True)
    before = desk.row(result)
    desk.cut_journal_after(result, EntryKind.CLONED)
    desk.forget(result)
    recover(desk)
    row = desk.row(result)
    assert before is not None
    assert row is not None
    assert row.clones == before.clones
    assert len(row.clones) == 4


def test_a_set_whose_process_died_before_it_was_on_record_is_put_there(desk: Desk) -> None:
    result = desk.run(clone=True)
    before = desk.row(result)
    desk.forget(result)
    assert recover_all(desk.installation) == ()
    row = desk.row(result)
    assert before is not None
    assert row is not None
    assert (row.grade, row.replicas, row.clones) == (before.grade, before.replicas, before.clones)


def test_a_run_that_ended_while_recovery_came_to_its_journal_is_left_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = desk.run()
    desk.cut_journal_after(result, EntryKind.TOLD)

    @contextmanager
    def too_late(path: Path) -> Iterator[JournalFile | None]:
        desk.append(result, EntryKind.ENDED)
        with abandoned_journal(path) as journal:
            yield journal

    monkeypatch.setattr("orchestrator.service.recovery.abandoned_journal", too_late)
    assert recover_all(desk.installation) == ()
    assert desk.kinds_of_claims() == ["Proof", "WritersAnswer"]
    assert [row.set_id for row in desk.rows()] == [result.set_name]


def test_a_run_whose_process_lives_is_running(desk: Desk, world: World) -> None:
    result = died(desk, EntryKind.OPENING, proven=False)
    before = world.left()
    with abandoned_journal(desk.journal(result)):
        (recovered,) = recover_all(desk.installation)
    assert recovered.status is None
    assert world.left() == before
    assert desk.claims() == []


def test_a_run_that_had_only_looked_around_owes_nothing(desk: Desk) -> None:
    desk.run(freeze=False)
    assert recover_all(desk.installation) == ()


def test_a_damaged_journal_is_in_doubt_and_keeps_no_other_from_being_recovered(
    desk: Desk, world: World
) -> None:
    damaged, sound = died(desk, EntryKind.OPENING, proven=False), died(desk, EntryKind.OPENING, proven=False)
    desk.journal(damaged).write_bytes(b"{not an entry}\n")
    found = {each.set_name: each for each in recover_all(desk.installation)}
    assert found[damaged.set_name].status is RunStatus.IN_DOUBT
    assert "not a journal entry" in found[damaged.set_name].undone.in_doubt[0]
    assert found[sound.set_name].status is RunStatus.ABORTED
    assert {name for name in world.left() if not name.startswith(damaged.set_name)} == set()


def test_an_entry_that_was_cut_off_does_not_count(desk: Desk, world: World) -> None:
    result = died(desk, EntryKind.CLOSED, proven=False)
    with desk.journal(result).open("ab") as file:
        file.write(b'{"kind": "ended", "at"')
    assert recover(desk).status is RunStatus.ABORTED
    assert desk.entries(result)[-2:] == [EntryKind.CLOSED, EntryKind.ENDED]
    assert world.left() == set()


@pytest.mark.parametrize("silent", [HOST, DATABASES])
def test_whoever_does_not_answer_leaves_a_run_in_doubt_until_it_does(
    desk: Desk, world: World, silent: str
) -> None:
    result = died(desk, EntryKind.CLOSED, proven=False)
    world.silent.add(silent)
    doubtful = recover(desk)
    assert doubtful.status is RunStatus.IN_DOUBT
    assert silent in doubtful.undone.in_doubt[0]
    assert desk.entries(result)[-1] is EntryKind.IN_DOUBT
    assert desk.claims() == []
    assert {name.split(".")[0] for name in world.left()} == (set() if silent == HOST else {result.set_name})

    world.silent.clear()
    assert recover(desk).status is RunStatus.ABORTED
    assert world.left() == set()


def test_a_host_that_does_not_answer_does_not_cost_a_proven_set(desk: Desk, world: World) -> None:
    result = died(desk, EntryKind.PROVEN, proven=True)
    before = world.left()
    world.silent.add(HOST)
    assert recover(desk).status is RunStatus.IN_DOUBT
    world.silent.clear()
    assert recover(desk).status is RunStatus.COMPLETED
    assert world.left() == before
    assert desk.row(result) is not None


def test_a_host_that_is_not_registered_any_more_is_named(desk: Desk) -> None:
    died(desk, EntryKind.CLOSED, proven=False)
    desk.installation.hosts.remove(HOST)
    recovered = recover(desk)
    assert recovered.status is RunStatus.IN_DOUBT
    assert HOST in recovered.undone.in_doubt[0]


def test_what_an_array_keeps_is_void_pending(desk: Desk, world: World) -> None:
    died(desk, EntryKind.CLOSED, proven=False)
    world.behaviours[LOGS].refuses_to_delete = True
    recovered = recover(desk)
    assert recovered.status is RunStatus.ABORTED
    assert {remains.array_name for remains in recovered.undone.void_pending} == {LOGS}
    (claim,) = desk.claims()
    assert isinstance(claim, Aborted)
    assert {each.array_name for each in claim.void_pending} == {LOGS}


def test_a_proof_that_was_altered_neither_keeps_a_set_nor_lets_it_be_deleted(
    desk: Desk, world: World
) -> None:
    died(desk, EntryKind.SIGNING, proven=True)
    before = world.left()
    (proof,) = desk.chain.files()
    sound = proof.read_bytes()
    proof.write_bytes(sound.replace(b'"sig":"', b'"sig":"A', 1).replace(b"==", b"=", 1))
    assert recover(desk).status is RunStatus.IN_DOUBT
    assert world.left() == before
    proof.write_bytes(sound)
    assert recover(desk).status is RunStatus.COMPLETED


def test_a_proof_that_is_gone_does_not_let_a_proven_set_be_deleted(desk: Desk, world: World) -> None:
    result = died(desk, EntryKind.PROVEN, proven=False)
    before = world.left()
    recovered = recover(desk)
    assert recovered.status is RunStatus.IN_DOUBT
    assert result.set_name in recovered.undone.in_doubt[0]
    assert world.left() == before
    assert desk.claims() == []


def test_a_chain_that_takes_no_record_keeps_no_other_run_from_being_thawed(desk: Desk, world: World) -> None:
    died(desk, EntryKind.OPENING, proven=False)
    (desk.folder.evidence / "nightly" / "000001-aborted.json").write_bytes(b"{}")
    other = desk.run(name="other")
    desk.cut_journal_after(other, EntryKind.TOLD)
    desk.forget(other)
    damaged, sound = recover_all(desk.installation)
    assert (damaged.status, sound.status) == (RunStatus.IN_DOUBT, RunStatus.COMPLETED)
    assert not world.host.session_open


def test_a_run_in_doubt_is_on_record_as_aborted_once_it_is(desk: Desk, world: World) -> None:
    world.host_fault = HostFault.WRITER_GONE
    world.behaviours[LOGS].failing = frozenset({"owned"})
    result = desk.run()
    assert result.status is RunStatus.IN_DOUBT
    world.behaviours[LOGS].failing = frozenset()
    assert recover(desk).status is RunStatus.ABORTED
    row = desk.row(result)
    assert row is not None
    assert (row.status, row.grade) == (RunStatus.ABORTED, None)
    assert desk.kinds_of_claims() == ["Aborted", "Aborted"]
    assert world.left() == set()


def test_an_array_that_is_not_registered_any_more_does_not_keep_the_host_from_being_thawed(
    desk: Desk, world: World
) -> None:
    died(desk, EntryKind.OPENING, proven=False)
    world.host.session_open = True
    desk.installation.arrays.remove(LOGS)
    recovered = recover(desk)
    assert recovered.status is RunStatus.IN_DOUBT
    assert any(LOGS in doubt for doubt in recovered.undone.in_doubt)
    assert not world.host.session_open
