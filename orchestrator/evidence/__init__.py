"""Signed records that a third party can check offline (R7). Start at `records`; `chain` is what a run calls.

`records` what is said · `statements` records as in-toto Statements · `envelope` the signed file ·
`keys` who signs · `claims` R1 applied again · `verify` what a third party runs · `chain` one job's records
on disk · `text` records for people · `schemas` the published JSON schemas · `canonical` and `durable` how
bytes and files are written.
"""

from orchestrator.evidence.chain import EvidenceChain, read_record
from orchestrator.evidence.claims import proof_of
from orchestrator.evidence.keys import PublicKey, SigningKey, signing_key
from orchestrator.evidence.records import (
    Aborted,
    ArrayObject,
    Claim,
    Origin,
    Outcome,
    Problem,
    Proof,
    Record,
    Refusal,
    Replica,
    Reply,
    Verification,
    WritersAnswer,
)
from orchestrator.evidence.statements import subject_digest
from orchestrator.evidence.verify import Verified, VerifiedChain, verify_chain, verify_record

__all__ = [
    "Aborted",
    "ArrayObject",
    "Claim",
    "EvidenceChain",
    "Origin",
    "Outcome",
    "Problem",
    "Proof",
    "PublicKey",
    "Record",
    "Refusal",
    "Replica",
    "Reply",
    "SigningKey",
    "Verification",
    "Verified",
    "VerifiedChain",
    "WritersAnswer",
    "proof_of",
    "read_record",
    "signing_key",
    "subject_digest",
    "verify_chain",
    "verify_record",
]
