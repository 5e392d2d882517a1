from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from orchestrator.errors import BadInput, ExitStatus, Refused, exit_status_of
from orchestrator.model.arrays import ArrayVolume, Capabilities
from orchestrator.model.budgets import Budgets
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import Component
from orchestrator.policy.consistency import (
    ArrayOffer,
    Request,
    check_plan,
    check_request,
    select_components,
)
from orchestrator.policy.reasons import Finding, raise_refusal
from orchestrator.policy.topology import Topology
from orchestrator.policy.truncation import BackupType
from tests.orchestrator.policy.storage import database, survey

REQUEST = Request(components=("DB01",))
CAPABILITIES = Capabilities(
    max_volumes_per_cut=3, clock_precision_s=0.001, request_life_s=60.0, atomic_cut=True
)
OFFER = ArrayOffer("flash-a", CAPABILITIES, forecast_s=0.4, basis="the slowest of 20 runs")
CEILINGS = {"mail-1": Grade.WRITER_VERIFIED}


def topology(host_volumes: int = 2, array_volumes: int = 2) -> Topology:
    volumes = tuple(ArrayVolume(f"v{n}", f"v{n}", f"naa.{n}", 1) for n in range(array_volumes))
    return Topology((), tuple(f"volume-{n}" for n in range(host_volumes)), {"a": volumes})


def plan_codes(
    request: Request = REQUEST,
    where: Topology | None = None,
    ceilings: dict[str, Grade] | None = None,
    offer: ArrayOffer = OFFER,
) -> list[tuple[str, str]]:
    findings = check_plan(request, where or topology(), ceilings or CEILINGS, {"a": offer})
    assert all(finding.fatal for finding in findings)
    return [(finding.code, finding.subject) for finding in findings]


def test_an_ordinary_job_is_not_refused() -> None:
    assert check_request(REQUEST) == ()
    assert plan_codes() == []


def test_a_job_without_a_writer_freeze_is_a_break_off() -> None:
    (finding,) = check_request(replace(REQUEST, freeze_writers=False))
    assert (finding.code, finding.fatal) == ("policy.break-off-refused", True)


@pytest.mark.parametrize("context", [0x10, 0x19, 0x1D, 0x00040039, 0xFFFFFFFF])
def test_a_context_without_writers_is_refused_wherever_the_bit_is(context: int) -> None:
    (finding,) = check_request(replace(REQUEST, context=context))
    assert (finding.code, finding.subject) == ("policy.no-writers-context", f"context {context:#x}")


@pytest.mark.parametrize("context", [0x0, 0x9, 0xD, 0x0200002B, 0x00060029])
def test_a_context_that_we_make_no_sets_in_is_refused(context: int) -> None:
    (finding,) = check_request(replace(REQUEST, context=context))
    assert finding.code == "policy.unsupported-context"
    assert ("another host" in finding.text) is (not context & 0x20)


@pytest.mark.parametrize("context", [0x00040029, 0x00000029, 0x00020029])
def test_the_documented_contexts_are_taken(context: int) -> None:
    assert check_request(replace(REQUEST, context=context)) == ()


@pytest.mark.parametrize("backup_type", [one for one in BackupType if one is not BackupType.COPY])
def test_only_copy_backups_are_made(backup_type: BackupType) -> None:
    (finding,) = check_request(replace(REQUEST, backup_type=backup_type))
    assert (finding.code, finding.subject) == ("policy.backup-type", backup_type.name.lower())


def select(*wanted: str, host_offers: tuple[Component, ...] | None = None) -> list[str]:
    """Return the captions that are selected, or the codes of why not."""
    host = survey() if host_offers is None else replace(survey(), components=host_offers)
    selected = select_components(replace(REQUEST, components=wanted), host)
    return [one.code if isinstance(one, Finding) else one.caption for one in selected]


def test_components_are_selected_by_caption_or_vss_name_and_once() -> None:
    assert select("DB02", "DB01") == ["DB02", "DB01"]
    assert select("DB01", database(1).name) == ["DB01"]


def test_a_component_that_the_host_does_not_offer_is_bad_input() -> None:
    assert select("DB01", "DB03") == ["input.unknown-component"]
    assert select("DB01", host_offers=()) == ["input.unknown-component"]
    assert select() == ["input.unknown-component"]


@pytest.mark.parametrize(
    ("offered", "words"), [((), "offers nothing."), ((database(2), database(1)), "offers DB01, DB02.")]
)
def test_who_names_an_unknown_component_is_told_what_there_is(
    offered: tuple[Component, ...], words: str
) -> None:
    host = replace(survey(), components=offered)
    (finding,) = select_components(replace(REQUEST, components=("DB03",)), host)
    assert isinstance(finding, Finding)
    assert finding.text.endswith(words)


def test_a_caption_that_two_components_bear_is_not_guessed_at() -> None:
    twins = (database(1), replace(database(2), caption="DB01"))
    assert select("DB01", host_offers=twins) == ["input.unknown-component"]
    assert select(database(1).name, host_offers=twins) == ["DB01"]


def test_a_component_that_cannot_be_selected_by_itself_is_refused() -> None:
    assert select("DB01", host_offers=(database(1, selectable=False),)) == ["policy.not-selectable"]


def test_a_component_whose_writer_is_not_running_is_refused() -> None:
    assert select("DB01", host_offers=(replace(database(1), instance_id="writer-9"),)) == [
        "host.writer-failed"
    ]


def test_a_host_or_an_array_that_cannot_reach_the_grade_refuses_the_plan() -> None:
    low = replace(OFFER, capabilities=replace(CAPABILITIES, ceiling=Grade.AGENT_QUIESCED))
    code = "policy.grade-out-of-reach"
    assert plan_codes(ceilings={"mail-1": Grade.FILE_SYSTEM_CONSISTENT}) == [(code, "mail-1")]
    assert plan_codes(offer=low) == [(code, "flash-a")]
    assert plan_codes(replace(REQUEST, grade=Grade.AGENT_QUIESCED), offer=low) == []


def test_a_set_holds_64_host_volumes_and_no_more() -> None:
    assert plan_codes(where=topology(host_volumes=64)) == []
    assert plan_codes(where=topology(host_volumes=65)) == [("policy.too-many-volumes", "set")]


def test_a_cut_holds_what_its_array_can_and_no_more() -> None:
    assert plan_codes(where=topology(array_volumes=3)) == []
    assert plan_codes(where=topology(array_volumes=4)) == [("policy.too-many-per-cut", "flash-a")]


@pytest.mark.parametrize("forecast_s", [5.0, 7.0, inf, nan])
def test_a_forecast_that_does_not_fit_its_budget_is_refused_with_its_basis(forecast_s: float) -> None:
    (finding,) = check_plan(REQUEST, topology(), CEILINGS, {"a": replace(OFFER, forecast_s=forecast_s)})
    assert (finding.code, finding.subject) == ("policy.forecast-over-budget", "flash-a")
    assert "the slowest of 20 runs" in finding.text


def test_the_budget_that_counts_is_the_jobs_own() -> None:
    tight = replace(REQUEST, budgets=Budgets(commit_s=0.3))
    assert plan_codes(tight) == [("policy.forecast-over-budget", "flash-a")]


def test_a_finding_bears_a_code_of_the_catalogue() -> None:
    with pytest.raises(ValueError, match=r"policy\.made-up"):
        Finding("policy.made-up", "", "")


def test_findings_become_one_error_that_mentions_them_all() -> None:
    first, second = (
        Finding("policy.backup-type", "full", "No."),
        Finding("policy.lun-unknown", "naa.1", "Who?"),
    )
    remark = Finding("proof.cut-time-inconclusive", "flash-a", "Coarse.", fatal=False)
    with pytest.raises(Refused) as caught:
        raise_refusal([remark, first, second])
    assert caught.value.code == "policy.backup-type"
    assert exit_status_of(caught.value) is ExitStatus.REFUSED
    assert caught.value.__notes__[1:] == ["also: naa.1: Who?"]
    raise_refusal([remark])


def test_findings_about_what_was_typed_become_bad_input() -> None:
    with pytest.raises(BadInput, match="DB09: There is none"):
        raise_refusal([Finding("input.unknown-component", "DB09", "There is none.")])
