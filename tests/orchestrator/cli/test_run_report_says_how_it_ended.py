from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.run_report import finding_data, finding_text, plan_data, plan_text, run_data, run_text
from orchestrator.engine.planning import RunPlan, Surroundings, make_plan
from orchestrator.engine.result import RunResult
from orchestrator.model.verification import Verdict
from orchestrator.policy.reasons import Finding
from orchestrator.verify.forecast import VerificationForecast
from tests.orchestrator.engine.fake_array import Behaviour, CommitFault
from tests.orchestrator.engine.fake_host import HostFault
from tests.orchestrator.engine.scene import Scene, a_job
from tests.orchestrator.engine.test_contents_are_looked_into import Look, scene_of

pytestmark = pytest.mark.virtual_time

KEY = Path("keys/lab.pub")


def as_json(result: RunResult) -> dict[str, Any]:
    """Return the data as it comes out of the JSON document."""
    data: dict[str, Any] = json.loads(json.dumps(run_data(result, KEY)))
    return data


async def test_a_completed_run_names_its_set_its_clones_and_its_evidence() -> None:
    result = await Scene(a_job(clone=True)).run.perform()
    data, text = as_json(result), run_text(result)
    assert data["run"]["status"] == "completed"
    assert data["run"]["grade"] == "writer-verified"
    assert data["run"]["problem"] is None
    assert 0 < data["run"]["window_ms"] < 1000
    assert data["evidence"]["path"] == "proof.json"
    assert data["public_key"]["path"] == str(KEY)
    assert len(data["replicas"]) == len(data["clones"]) == 4
    assert data["clones"][0]["replica_id"] in {replica["id"] for replica in data["replicas"]}
    assert [span["label"] for span in data["timeline"]["spans"]][:2] == ["writers freeze", "writes held"]
    assert set(data["timeline"]["budget_left_s"]) == {"commit", "freeze", "hold"}
    assert text.startswith(f"completed, writer-verified: set {result.set_name} of job nightly on exch01\n")
    for line in ("emulated: true", "freeze window:", "clone: ", "evidence: proof.json"):
        assert line in text


async def test_an_aborted_run_says_why_what_next_and_what_was_removed() -> None:
    scene = Scene()
    scene.arrays[1].behaviour = Behaviour(commit=CommitFault.LATE, late_s=7.0)
    result = await scene.run.perform()
    data, text = as_json(result), run_text(result)
    assert (data["run"]["status"], data["run"]["grade"]) == ("aborted", None)
    assert data["run"]["problem"]["code"] == "window.expired"
    assert data["replicas"] == []  # what was cut is no copy
    assert data["removed"] != []
    assert data["timeline"]["budget_left_s"]["commit"] == 0.0
    assert "why: no answer in time from databases" in text
    assert "  code: window.expired" in text
    assert "freeze window: 50" in text  # 5 s: to the thaw, not to the late answer
    assert "  cut on databases: no answer" in text
    assert all(f"removed: {each}" in text for each in data["removed"])


async def test_a_refused_run_gives_its_reasons() -> None:
    result = await Scene(a_job(freeze=False)).run.perform()
    data, text = as_json(result), run_text(result)
    assert data["run"]["window_ms"] is None
    assert data["timeline"] is None
    (reason,) = data["run"]["reasons"]
    assert reason["code"] == "policy.break-off-refused"
    assert reason["fatal"]
    assert "ESEUTIL" in reason["remedy"]
    assert "refused: job: It asks for a copy without a writer freeze." in text


async def test_what_is_void_or_in_doubt_is_said() -> None:
    scene = Scene()
    scene.host.fault = HostFault.WRITER_GONE
    scene.arrays[0].behaviour = Behaviour(refuses_to_delete=True)
    scene.arrays[1].behaviour = Behaviour(failing=frozenset({"owned"}))
    result = await scene.run.perform()
    data, text = as_json(result), run_text(result)
    assert data["run"]["status"] == "in-doubt"
    assert all(each.startswith("logs: ") for each in data["void_pending"])
    assert all(f"void-pending: {each}" in text for each in data["void_pending"])
    assert f"in doubt: {data['in_doubt'][0]} (run `quiesce recover`)" in text


async def test_writers_whose_answer_is_not_known_are_noted() -> None:
    scene = Scene()
    scene.host.fault = HostFault.COMPLETE_LOST
    result = await scene.run.perform()
    assert as_json(result)["run"]["note"] == "the writers' answer is not known: exch01: lost"
    assert "note: the writers' answer is not known" in run_text(result)


async def test_a_plan_says_what_would_be_cut_and_what_the_forecast_rests_on() -> None:
    scene = Scene()
    around = Surroundings({"logs": [0.2, 0.3]})
    plan = await make_plan(scene.job, scene.run.host, scene.run.arrays, scene.clock, around)
    assert isinstance(plan, RunPlan)
    data, text = plan_data(plan, None), plan_text(plan, None)
    assert json.loads(json.dumps(data)) == data
    logs = next(array for array in data["arrays"] if array["name"] == "logs")
    assert (logs["forecast_s"], logs["basis"]) == (0.3, "the slowest of the last 2 cuts on it")
    assert data["refused"] is False
    assert data["grade"] == "writer-verified"
    assert text.startswith("job nightly on exch01: DB01, writer-verified\n")
    assert "  logs: one cut of vol0, vol1\n    forecast 300 ms (the slowest of the last 2 cuts on it)" in text


@pytest.mark.parametrize(
    ("forecast", "words"),
    [
        (VerificationForecast(90.4, "300 MB/s"), "verification: ends about 90 s after the cut (300 MB/s)"),
        (VerificationForecast(None, "nothing to go by"), "verification: nothing to go by"),
    ],
)
async def test_a_plan_says_when_the_verification_will_end(forecast: VerificationForecast, words: str) -> None:
    scene = Scene()
    plan = await make_plan(scene.job, scene.run.host, scene.run.arrays, scene.clock, Surroundings())
    assert isinstance(plan, RunPlan)
    assert plan_data(plan, forecast)["verification"] == {"seconds": forecast.seconds, "basis": forecast.basis}
    assert words in plan_text(plan, forecast)


async def test_what_a_look_into_the_clones_found_is_said_with_its_remedy() -> None:
    result = await scene_of(Look(Verdict.DAMAGED)).run.perform()
    data, text = as_json(result), run_text(result)
    assert (data["run"]["status"], data["verification"]["verdict"]) == ("failed-verification", "damaged")
    (component,) = data["verification"]["components"]
    (finding,) = component["findings"]
    assert finding["place"] == {"file": "DB01.edb", "unit": "page", "number": 12, "byte": None}
    assert "source" in finding["remedy"]
    assert "why: DB01: damaged: Page 12 has a wrong checksum." in text
    assert "contents: damaged" in text
    assert "    error: DB01.edb, page 12: Page 12 has a wrong checksum.\n      next: Check the source" in text


def test_a_finding_that_is_not_fatal_is_a_note() -> None:
    finding = Finding("proof.cut-time-inconclusive", "array-a", "Its clock is coarse.", fatal=False)
    assert finding_text(finding).startswith("note: array-a: Its clock is coarse.\n  next: ")
    assert finding_data(finding)["fatal"] is False
