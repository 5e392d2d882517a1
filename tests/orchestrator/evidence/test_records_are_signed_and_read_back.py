"""What is signed is what is read back, whatever the facts look like."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import EvidenceError
from orchestrator.evidence import (
    Problem,
    Record,
    Refusal,
    SigningKey,
    read_record,
    subject_digest,
    verify_chain,
    verify_record,
)
from orchestrator.evidence.chain import seal
from orchestrator.evidence.records import NO_PREVIOUS, Link
from orchestrator.model.time import ClockOffset
from orchestrator.policy.reasons import Finding
from tests.facts import sound_facts
from tests.orchestrator.evidence.conftest import Files
from tests.orchestrator.evidence.sample_records import (
    MADE_AT,
    ORIGIN,
    a_refusal,
    an_abort,
    payload_of,
    sound_proof,
)

LINK = Link(1, NO_PREVIOUS, MADE_AT, "0.1.0")


def test_a_whole_night_verifies(night: Files, key: SigningKey) -> None:
    chain = verify_chain(night, [key.public])
    assert [each.record.link.sequence for each in chain.records] == [1, 2, 3, 4, 5]
    assert chain.complete
    assert chain.notes == ()
    assert chain.head == sha256(night[-1][1]).hexdigest()


@pytest.mark.parametrize("claim", [sound_proof(), a_refusal(), an_abort(), replace(an_abort(), facts=None)])
def test_what_is_signed_is_what_is_read(claim: Refusal, key: SigningKey) -> None:
    record = Record(ORIGIN, LINK, claim)
    assert read_record(seal(record, key)) == record


def test_a_statement_is_an_in_toto_statement_about_each_replica(proof: bytes) -> None:
    statement = json.loads(payload_of(proof))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "urn:quiesce:evidence:proof:3"
    subjects = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    assert subjects == {
        f"{each.array_id}/{each.replica_name}": subject_digest(each) for each in sound_proof().replicas
    }
    assert len(subjects) == 4


def test_a_subject_digest_can_be_made_with_common_tools() -> None:
    replica = sound_proof().replicas[0]
    text = (
        '{"array_id":"array-databases","cut_at":"2026-03-01T02:30:01.650000Z","replica_id":"replica-of-vol-d1",'
        '"replica_name":"qsc-lab001-run0000001-1.vol-d1","source_volume_id":"vol-d1"}'
    )
    assert subject_digest(replica) == sha256(text.encode()).hexdigest()


def test_a_refusal_is_about_its_run(night: Files) -> None:
    statement = json.loads(payload_of(night[2][1]))
    text = '{"attempt":1,"installation":"lab001","job":"nightly","run_id":"run0000002"}'
    assert statement["subject"] == [
        {"name": "run run0000002, attempt 1", "digest": {"sha256": sha256(text.encode()).hexdigest()}}
    ]


@given(
    offset_s=st.floats(allow_nan=False, allow_infinity=False),
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    made_at=st.datetimes(
        datetime(1970, 1, 2),  # noqa: DTZ001 - the strategy adds the time zone
        datetime(9999, 12, 30),  # noqa: DTZ001 - the strategy adds the zone
        timezones=st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    ),
)
def test_any_finite_number_text_and_time_can_be_signed(
    key: SigningKey, offset_s: float, text: str, made_at: datetime
) -> None:
    facts = replace(sound_facts(), host_clock=ClockOffset(offset_s, 0.0), session_id=text)
    abort = replace(an_abort(), facts=facts, reason=Problem("host.gone", text, text, text))
    record = Record(ORIGIN, replace(LINK, made_at=made_at), abort)
    assert verify_record(seal(record, key), [key.public]).record == record


def test_whole_numbers_in_place_of_seconds_are_signed_as_seconds(key: SigningKey) -> None:
    facts = replace(sound_facts(), host_clock=ClockOffset(2, 0))
    data = seal(Record(ORIGIN, LINK, replace(an_abort(), facts=facts)), key)
    assert b'"host_clock":{"error_s":0.0,"offset_s":2.0}' in payload_of(data)
    verify_record(data, [key.public])


@pytest.mark.parametrize("figure", [float("nan"), float("inf"), float("-inf"), "2.0", None, True])
def test_what_is_no_figure_is_not_signed(key: SigningKey, figure: float) -> None:
    facts = replace(sound_facts(), host_clock=ClockOffset(figure, 0.0))
    with pytest.raises(EvidenceError, match=r"canonical form|offset_s"):
        seal(Record(ORIGIN, LINK, replace(an_abort(), facts=facts)), key)


def test_a_time_without_offset_is_not_signed(key: SigningKey) -> None:
    link = replace(LINK, made_at=MADE_AT.replace(tzinfo=None))
    with pytest.raises(EvidenceError, match="canonical form"):
        seal(Record(ORIGIN, link, a_refusal()), key)


def test_what_keeps_a_person_informed_is_kept(key: SigningKey) -> None:
    finding = Finding("host.busy", "EXCH1", "another run holds this host")
    refusal = Refusal(
        (Problem.of_finding(finding), Problem.of_error(EvidenceError("evidence.malformed", "x")))
    )
    record = read_record(seal(Record(ORIGIN, LINK, refusal), key))
    assert isinstance(record.claim, Refusal)
    assert all(each.code and each.what and each.remedy for each in record.claim.reasons)
