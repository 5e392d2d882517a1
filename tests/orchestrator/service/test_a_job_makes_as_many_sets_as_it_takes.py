"""One job, several sets: what does not fit into one, and copies of databases on several servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.engine.progress import ignore
from orchestrator.engine.result import RunResult
from orchestrator.errors import BadInput, Interrupted, Refused
from orchestrator.model.grades import RunStatus
from orchestrator.model.hosts import Component, Survey, WriterInstance
from orchestrator.model.time import Reading
from orchestrator.service import copies, runs
from orchestrator.service.copies import portions_of
from orchestrator.service.runs import run_job
from tests.orchestrator.engine.fake_host import WRITER
from tests.orchestrator.engine.scene import a_job
from tests.orchestrator.service.world import Desk, World

GUID = "5a5c9d9e-0b1f-4a53-9d5c-6f2f6a1c0001"


def ended(status: RunStatus, *left: str, code: str = "") -> RunResult:
    error = Interrupted(code, "stopped") if code else None
    return RunResult("run", "set", "nightly", "exch01", status, True, error=error, left_over=left)


def made(monkeypatch: pytest.MonkeyPatch, *results: RunResult) -> list[tuple[str, ...]]:
    """Let sets end as told, and return what each was asked for."""
    asked: list[tuple[str, ...]] = []
    waiting = list(results)

    def make(_installation: object, job: Any, _observe: object) -> RunResult:
        asked.append(job.databases)
        return waiting.pop(0)

    monkeypatch.setattr(runs, "make_set", make)
    return asked


def test_what_one_set_leaves_over_the_next_one_takes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = made(
        monkeypatch,
        ended(RunStatus.COMPLETED, "DB02", "DB03"),
        ended(RunStatus.ABORTED, "DB03"),
        ended(RunStatus.COMPLETED),
    )
    result = run_job(desk.installation, a_job(databases=("DB01", "DB02", "DB03")), ignore)
    assert asked == [("DB01", "DB02", "DB03"), ("DB02", "DB03"), ("DB03",)]
    assert [each.status for each in (result, *result.others)] == ["completed", "aborted", "completed"]


@pytest.mark.parametrize(
    "first", [ended(RunStatus.ABORTED, "DB02", code="run.interrupted"), ended(RunStatus.IN_DOUBT, "DB02")]
)
def test_no_further_set_is_begun_once_somebody_stopped_one_or_nobody_knows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, first: RunResult
) -> None:
    asked = made(monkeypatch, first)
    assert run_job(desk.installation, a_job(), ignore).others == ()
    assert len(asked) == 1


# ---------------------------------------------------------------- several servers


def survey_of(path: str) -> Survey:
    component = Component(WRITER.instance_id, path, GUID, "DB01", True, ("D:\\DB01.edb", "L:\\E00.log"))
    return Survey(
        (WriterInstance(WRITER.writer_id, WRITER.instance_id, WRITER.name),),
        (component,),
        (),
        Reading(datetime.now(UTC), 0.0),
    )


ACTIVE = r"Microsoft Exchange Server\Microsoft Information Store\EXCH01"
PASSIVE = r"Microsoft Exchange Server\Microsoft Information Store\Replica\EXCH02"


def register(desk: Desk, name: str) -> None:
    known = desk.installation.hosts.get("exch01")
    desk.installation.hosts.add(replace(known, name=name, host_id=f"id of {name}"))


@pytest.mark.parametrize(
    ("preference", "host"), [("active", "exch01"), ("passive-preferred", "exch02"), ("servers", "exch01")]
)
def test_each_database_is_cloned_on_one_server(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, preference: str, host: str
) -> None:
    async def surveys(*_: object) -> dict[str, Survey]:
        return {"exch01": survey_of(ACTIVE), "exch02": survey_of(PASSIVE)}

    register(desk, "exch02")
    monkeypatch.setattr(copies, "_surveys", surveys)
    (portion,) = portions_of(desk.installation, a_job(servers=("exch02",), copies=preference))
    assert (portion.host, portion.databases, portion.servers) == (host, (GUID,), ())


def test_a_database_that_no_server_has_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def surveys(*_: object) -> dict[str, Survey]:
        return {"exch02": replace(survey_of(PASSIVE))}

    register(desk, "exch02")
    monkeypatch.setattr(copies, "_surveys", surveys)
    with pytest.raises(Refused, match="DB01"):
        portions_of(desk.installation, a_job(servers=("exch02",)))


def test_servers_that_do_not_answer_are_left_out(desk: Desk, world: World) -> None:
    world.silent.add("exch01")
    with pytest.raises((Refused, BadInput)):
        portions_of(desk.installation, a_job(servers=("exch01",)))


def test_a_job_for_one_host_asks_nobody(desk: Desk, world: World) -> None:
    world.silent.add("exch01")
    assert portions_of(desk.installation, a_job()) == (a_job(),)
