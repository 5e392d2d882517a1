from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import CATALOGUE
from orchestrator.model.grades import Grade
from orchestrator.policy.adoption import AdoptionClaim, VerifiedEvidence, check_adoption

EVIDENCE = VerifiedEvidence(frozenset({"sha256:aa", "sha256:bb"}), Grade.WRITER_VERIFIED, emulated=False)
CLAIM = AdoptionClaim("vol1.monday", "sha256:bb", array_emulated=False, evidence=EVIDENCE)


def codes(claim: AdoptionClaim) -> list[str]:
    return [finding.code for finding in check_adoption(claim) if finding.fatal]


def test_a_copy_with_its_own_evidence_is_adopted() -> None:
    assert codes(CLAIM) == []


def test_a_copy_without_evidence_is_a_break_off_and_the_remedy_says_what_it_would_need() -> None:
    assert codes(replace(CLAIM, evidence=None)) == ["policy.break-off-refused"]
    remedy = CATALOGUE["policy.break-off-refused"].remedy
    assert "ESEUTIL" in remedy
    assert "ISINTEG" in remedy


def test_evidence_of_another_replica_is_of_no_use() -> None:
    assert codes(replace(CLAIM, subject="sha256:cc")) == ["evidence.wrong-subject"]


def test_evidence_of_an_emulated_run_is_of_no_use_for_a_real_array() -> None:
    emulated = replace(EVIDENCE, emulated=True)
    assert codes(replace(CLAIM, evidence=emulated)) == ["policy.emulated-outside-lab"]
    assert codes(replace(CLAIM, evidence=emulated, array_emulated=True)) == []


@pytest.mark.parametrize("grade", [Grade.AGENT_QUIESCED, Grade.FILE_SYSTEM_CONSISTENT])
def test_evidence_of_a_lower_grade_is_not_enough(grade: Grade) -> None:
    assert codes(replace(CLAIM, evidence=replace(EVIDENCE, grade=grade))) == ["policy.grade-out-of-reach"]
