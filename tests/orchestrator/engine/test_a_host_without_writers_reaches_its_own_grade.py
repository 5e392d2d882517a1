"""Where no writer takes part, file systems are counted, nobody is told, and the grade says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.engine.result import RunResult
from orchestrator.journal.entries import EntryKind
from orchestrator.model.arrays import ArrayVolume, CutForecast
from orchestrator.model.grades import Grade, RunStatus
from tests.orchestrator.engine.scene import Scene, a_job
from tests.orchestrator.engine.writerless_host import WriterlessHost

pytestmark = pytest.mark.virtual_time

STATE = Path("/somewhere/state")


def scene_of(**changes: Any) -> tuple[Scene, WriterlessHost]:
    """Return a run over the first host volume of each array, and its host."""
    wanted = {"databases": ("D:\\", "F:\\"), "consistency": Grade.FILE_SYSTEM_CONSISTENT}
    scene = Scene(a_job(**{**wanted, **changes}), host_type=WriterlessHost)
    assert isinstance(scene.host, WriterlessHost)
    return scene, scene.host


def refused_as(result: RunResult, scene: Scene) -> list[tuple[str, str]]:
    """Return why a run was refused, after a look at whether anything was touched."""
    assert result.status is RunStatus.REFUSED
    assert "open" not in scene.host.calls
    assert all(not {"arm", "commit"} & set(array.store.calls) for array in scene.arrays)
    return [(reason.code, reason.subject) for reason in result.reasons]


async def test_a_sound_run_reaches_the_grade_of_its_host_and_tells_nobody() -> None:
    scene, host = scene_of(clone=True)
    result = await scene.run.perform()
    assert result.status is RunStatus.COMPLETED, result.error
    assert [result.grade] == scene.recorder.proofs == [Grade.FILE_SYSTEM_CONSISTENT]
    assert scene.recorder.answers == []
    assert not host.state.session_open
    kinds = [entry.kind for entry in scene.journal.entries]
    assert EntryKind.TELLING not in kinds
    assert EntryKind.TOLD not in kinds
    assert kinds[-1] is EntryKind.ENDED


@pytest.mark.parametrize(
    ("at_freeze", "at_thaw", "code"),
    [(1, 1, "proof.file-system-not-frozen"), (0, 1, "proof.thawed-by-others")],
)
async def test_a_count_that_differs_costs_the_set(at_freeze: int, at_thaw: int, code: str) -> None:
    scene, host = scene_of()
    host.missing_at_freeze, host.missing_at_thaw = at_freeze, at_thaw
    result = await scene.run.perform()
    assert result.status is RunStatus.ABORTED
    assert result.error is not None
    assert result.error.code == code
    assert scene.left_behind() == set()
    assert not host.state.session_open


async def test_a_job_for_writers_is_refused() -> None:
    scene, _ = scene_of(consistency=Grade.WRITER_VERIFIED)
    result = await scene.run.perform()
    assert refused_as(result, scene) == [("policy.grade-out-of-reach", "exch01")]


async def test_what_the_run_itself_needs_is_never_frozen() -> None:
    scene, host = scene_of()
    scene.run.own_paths = (STATE, Path("/elsewhere"))
    host.own = {STATE: "vol-0"}
    result = await scene.run.perform()
    assert refused_as(result, scene) == [("policy.own-files-frozen", str(STATE))]


async def test_a_store_on_a_file_system_of_the_set_is_refused() -> None:
    scene, host = scene_of()
    scene.arrays[1].local_paths = (Path("/store"),)
    host.own = {Path("/store"): "vol-2"}
    result = await scene.run.perform()
    assert refused_as(result, scene) == [("policy.own-files-frozen", "/store")]


async def test_our_files_on_other_file_systems_are_no_matter() -> None:
    scene, host = scene_of()
    scene.run.own_paths = (STATE,)
    host.own = {STATE: "vol-1"}  # which no component of the job lies on
    assert (await scene.run.perform()).status is RunStatus.COMPLETED


@pytest.mark.parametrize(("cut_s", "refused"), [(6.0, True), (0.1, False)])
async def test_a_providers_own_forecast_counts_when_it_is_the_worse(cut_s: float, refused: bool) -> None:
    scene, _ = scene_of()

    async def forecast(volumes: tuple[ArrayVolume, ...]) -> CutForecast:
        assert [volume.name for volume in volumes] == ["vol0"]
        return CutForecast(cut_s, "900,000 extents")

    scene.arrays[0].forecast = forecast  # type: ignore[method-assign,assignment] # of this one only
    result = await scene.run.perform()
    if refused:
        assert refused_as(result, scene) == [("policy.forecast-over-budget", "logs")]
        assert "900,000 extents" in result.reasons[0].text
    else:
        assert result.status is RunStatus.COMPLETED
