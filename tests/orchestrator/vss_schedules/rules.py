"""What must be true after any schedule, judged by what really happened and not by what was reported.

Independent of the engine's judge: cuts are held against the times at which the databases stood still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from orchestrator.journal.entries import EntryKind
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd, ReleaseReport, WriterState
from orchestrator.model.verification import Verdict
from orchestrator.plugin import SetPlan
from tests.orchestrator.vss_schedules.door import Passage
from tests.orchestrator.vss_schedules.faulty_array import FaultyArray
from tests.orchestrator.vss_schedules.one_run import OneRun
from tests.orchestrator.vss_schedules.still_store import Truncation
from tests.orchestrator.vss_schedules.vss_scene import VssScene

# Longest run of all: an hour of verification, then every time-out that there is, one after another.
LONGEST_S: Final = 2 * 3600.0


def broken_rules(scene: VssScene) -> list[str]:
    """Return every rule that does not hold, in words; call once everything has settled."""
    return [
        *_after_all(scene),
        *(f"{one.names.run_id}: {text}" for one in scene.runs for text in _of_run(scene, one)),
    ]


def _of_run(scene: VssScene, one: OneRun) -> Iterator[str]:
    if one.proven:
        for rule in PROOF_RULES:
            yield from rule(scene, one)
    else:
        yield from _nothing_came_of_it(scene, one)
    yield from _somebody_thaws(scene, one)
    yield from _truncates_with_two_keys(scene, one)
    yield from _ends(one)
    for array in scene.arrays:
        if array.record.asked.count(one.stem) > 1:
            yield f"R8: {array.name} was asked twice for one cut"


def _after_all(scene: VssScene) -> Iterator[str]:
    if scene.store.stopped:
        yield f"R2: {', '.join(sorted(scene.store.stopped))} never moved again"
    ended = [one.until - one.since for one in scene.stretches if one.until is not None]
    longest_s = max(ended, default=0.0)
    if longest_s > 20.0 + 1e-6:
        yield f"R2: a database stood still for {longest_s:g} s; Exchange's writer gives up after 20 s"
    for gone in scene.truncations:
        if not any(_wanted_gone(scene, one, gone) for one in scene.runs):
            yield f"R6: logs of {gone.database} were truncated at {gone.at:g} s, and nobody had wished it"
    for array in scene.arrays:
        if not scene.foreign_is_untouched(array):
            yield f"R3: something of somebody else's is gone from {array.name}"
        if strays := {name for name in array.store.live() if not any(one.covers(name) for one in scene.runs)}:
            yield f"R3: {', '.join(sorted(strays))} on {array.name} bears nobody's name"


def _wanted_gone(scene: VssScene, one: OneRun, gone: Truncation) -> bool:
    """Tell whether a truncating run had reported success to the writer of a database by then."""
    if not one.run.job.truncate or gone.database not in one.run.job.databases or not one.proven:
        return False
    return any(each.args and each.sent <= gone.at for each in scene.door.asked("complete", one.set_id))


def _nothing_came_of_it(scene: VssScene, one: OneRun) -> Iterator[str]:
    if one.recorder.proofs:
        yield "R7: there is a proof although no set came of it"
    if left := sorted(name for a in scene.arrays for name in a.store.live() if one.covers(name)):
        yield f"R3: left behind: {', '.join(left)}"
    if one.run.result is None and one.error is None and not (one.cancelled or one.died):
        yield "R9: it ended without a word"


def _one_proof(scene: VssScene, one: OneRun) -> Iterator[str]:
    result = one.run.result
    grade = Grade.WRITER_VERIFIED if result is None else result.grade
    if [*one.recorder.proofs, grade] != [Grade.WRITER_VERIFIED] * 2:
        yield f"R5, R7: its proofs are {one.recorder.proofs}, its grade is {grade}"


def _cut_while_everything_stood_still(scene: VssScene, one: OneRun) -> Iterator[str]:
    """R1(a), (b), (c): every cut lies in one stretch of stillness of every database of the set."""
    for database in one.run.job.databases:
        stretches = []
        for array in scene.arrays:
            for cut in array.record.cuts:
                if cut.name == one.stem:
                    stretches.append(scene.stood_still(database, cut.at))
        if None in stretches or len({id(each) for each in stretches}) != 1:
            yield f"R1: {database} was cut while it changed, or in several stretches"


def _answered_before_release(scene: VssScene, one: OneRun) -> Iterator[str]:
    """R1(b): each array's own answer came before anybody asked the host to let go."""
    release = min((each.sent for each in scene.door.asked("thaw", one.set_id)), default=-1.0)
    frozen = [each for each in scene.door.asked("freeze", one.set_id) if each.answer is not None]
    if not frozen:
        yield "R1(a): the host never answered its freeze"
    for array in _arrays_of(scene, one):
        answered = array.record.answered.get(one.stem)
        if answered is None or answered > release:
            yield f"R1(b): {array.name} had not answered ({answered}) at the release ({release})"


def _host_came_to_its_last_row(scene: VssScene, one: OneRun) -> Iterator[str]:
    """R1(c), (d): as the host itself put it, whatever became of its answer on the way."""
    reports = [each.answer for each in scene.door.asked("thaw", one.set_id) if each.answer is not None]
    if not reports:
        yield "R1(c): the host never reported on the release"
    for report in reports:
        assert isinstance(report, ReleaseReport)
        if report.hold_ended_by is not HoldEnd.RELEASE or report.set_status != VSS_S_ASYNC_FINISHED:
            yield f"R1(c), (d): the host said {report.hold_ended_by}, {report.set_status:#010x}"
        if report.hold_s > one.run.job.budgets.hold_s:
            yield f"R1(c): writes were held for {report.hold_s:g} s"


def _writers_are_well(scene: VssScene, one: OneRun) -> Iterator[str]:
    """R1(a), (e): as the host itself put it, at state 3 before the cut and at 5 after the thaw."""
    plan, session_id = _plan_of(scene, one)
    after = [each.answer for each in scene.door.asked("writer_status", one.set_id)]
    before = [each.answer.writers for each in scene.door.asked("freeze", one.set_id) if each.answer]
    for when, all_reports, state in (
        ("at the freeze", before, WriterState.WAITING_FOR_THAW),
        ("after the thaw", after, WriterState.WAITING_FOR_BACKUP_COMPLETE),
    ):
        if not any(all_reports):
            yield f"R1(e): no writer was asked {when}"
        for reports in filter(None, all_reports):
            for writer in plan.writers:
                found = [each for each in reports if each.instance_id == writer.instance_id]
                well = [
                    each
                    for each in found
                    if each.state is state
                    and not each.failure
                    and not each.component_failures
                    and each.session_id == session_id
                ]
                if len(found) != 1 or not well:
                    yield f"R1(a), (e): {writer.name} {when}: {found}"


def _members_are_all_there(scene: VssScene, one: OneRun) -> Iterator[str]:
    """R1(f): the cuts hold exactly the array volumes that the databases lie on."""
    wanted = scene.volumes_of(one.run.job.databases, _surveys(scene, one)[0].answer)
    for array in scene.arrays:
        cuts = [cut.members for cut in array.record.cuts if cut.name == one.stem]
        if cuts != [wanted[array.name]][: len(wanted[array.name])]:
            yield f"R1(f): {array.name} holds {cuts}, not {wanted[array.name]}"
        lies_there = {each.source_volume_id for each in array.store.cuts.get(f"{one.stem}.cut", ())}
        if lies_there != wanted[array.name]:
            yield f"R6: of the proven set {sorted(lies_there)} is left on {array.name}"


def _map_stayed(scene: VssScene, one: OneRun) -> Iterator[str]:
    """R1(g): host volumes lay on the same LUNs before the freeze and after the thaw."""
    released = min((each.sent for each in scene.door.asked("thaw", one.set_id)), default=0.0)
    surveys = _surveys(scene, one)
    maps = [each.answer.host_volumes for each in surveys]
    if not [each for each in surveys if each.sent >= released]:
        yield "R1(g): nobody looked at the map after the thaw"
    if any(each != maps[0] for each in maps):
        yield "R1(g): the map changed"


PROOF_RULES: Final[tuple[Callable[[VssScene, OneRun], Iterator[str]], ...]] = (
    _one_proof,
    _cut_while_everything_stood_still,
    _answered_before_release,
    _host_came_to_its_last_row,
    _writers_are_well,
    _members_are_all_there,
    _map_stayed,
)


def _somebody_thaws(scene: VssScene, one: OneRun) -> Iterator[str]:
    """R2: whatever was asked to freeze is asked to thaw, not left to the dead man."""
    for begun in one.beginnings:
        frozen, thawed = (scene.door.asked(op, begun.set_id) for op in ("freeze", "thaw"))
        if frozen and not thawed and not one.died:
            yield "R2: it asked for a freeze and never for a thaw"
        ended = [
            each for op in ("complete", "abort", "recover") for each in scene.door.asked(op, begun.set_id)
        ]
        if scene.door.asked("open", begun.set_id) and not ended and not one.died:
            yield "R2: it left its session to the host"


def _truncates_with_two_keys(scene: VssScene, one: OneRun) -> Iterator[str]:
    """R6: success of a truncating type is reported only after the proof and a verdict that passed."""
    for told in scene.door.asked("complete", one.set_id) if one.set_id else ():
        if not one.recorder.proofs:
            yield "R6: the writers were told of a set without proof"
        if told.args and one.run.job.backup_type != "copy":
            verdicts = one.recorder.verdicts
            if not one.run.job.truncate or len(verdicts) != 1 or not _passed(verdicts[0]):
                yield f"R6: success was reported with the verdicts {verdicts}"
            written = [(e.kind, e.data.get("succeeded")) for e in one.journal.entries]
            if (EntryKind.TELLING, True) not in written:
                yield "R6: success was reported before it was written down"


def _passed(verdict: Verdict) -> bool:
    return verdict in (Verdict.CLEAN, Verdict.RECOVERABLE)


def _ends(one: OneRun) -> Iterator[str]:
    """R2, R3, R8: unless it was killed, a run comes to an end by itself, and says so."""
    began, ended = one.at
    kinds = {entry.kind for entry in one.journal.entries}
    if kinds and not one.died and not kinds & {EntryKind.ENDED, EntryKind.IN_DOUBT}:
        yield "R3: it went away before it had ended"
    if ended - began > LONGEST_S:
        yield f"R8: it took {ended - began:g} s"


def _arrays_of(scene: VssScene, one: OneRun) -> list[FaultyArray]:
    """Return the arrays that the databases of a run lay on when it began."""
    wanted = scene.volumes_of(one.run.job.databases, _surveys(scene, one)[0].answer)
    return [array for array in scene.arrays if wanted[array.name]]


def _surveys(scene: VssScene, one: OneRun) -> list[Passage]:
    asked = scene.door.asked("survey", "")
    return [each for each in asked if one.at[0] <= each.sent <= one.at[1] and each.answer is not None]


def _plan_of(scene: VssScene, one: OneRun) -> tuple[SetPlan, str]:
    opened = scene.door.asked("open", one.set_id)[0]
    return opened.args, opened.answer.session_id
