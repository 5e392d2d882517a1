"""Records as in-toto Statements. A statement's bytes are a function of its record, both ways.

That is how a reader knows that nothing else stands in a statement: it reads the record, spells it anew, and
compares. Extra fields, defaults left out, times with another offset and foreign subject digests all differ.
"""

from __future__ import annotations

from functools import cache
from types import GenericAlias
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import EvidenceError
from orchestrator.evidence.canonical import canonical, malformed, read_canonical, sha256_hex
from orchestrator.evidence.records import (
    Aborted,
    Claim,
    Origin,
    Proof,
    Record,
    Refusal,
    Replica,
    Verification,
    WritersAnswer,
)

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"  # in-toto attestation framework v1, Statement
PREDICATE_PREFIX: Final = "urn:quiesce:evidence:"

# Counted up whenever a record gains, loses or changes a field: what was signed must stay readable as it was.
PREDICATE_VERSION: Final = 3

CLAIM_OF_KIND: Final[dict[str, type[Claim]]] = {
    "proof": Proof,
    "writers-answer": WritersAnswer,
    "refusal": Refusal,
    "aborted": Aborted,
    "verification": Verification,
}
KIND_OF_CLAIM: Final = {claim: kind for kind, claim in CLAIM_OF_KIND.items()}


def kind_of(record: Record[Claim]) -> str:
    """Return the word for what a record claims; it is part of its file's name."""
    return KIND_OF_CLAIM[type(record.claim)]


def predicate_type(kind: str) -> str:
    """Return the predicate type of a kind of record, in the version that this code reads and writes."""
    return f"{PREDICATE_PREFIX}{kind}:{PREDICATE_VERSION}"


@cache
def adapter(kind: str) -> TypeAdapter[Record[Any]]:
    """Return what reads records of a kind. Made when first needed: making one takes 0.1 s."""
    record_type: Any = GenericAlias(Record, (CLAIM_OF_KIND[kind],))
    return TypeAdapter(record_type)


def write_statement(record: Record[Claim]) -> bytes:
    """Return a record's statement in canonical form.

    Raises:
        EvidenceError: `evidence.malformed`, a value does not fit its field or has no canonical form.
    """
    kind = kind_of(record)
    return _spell(kind, _validated(kind, record))


def read_statement(payload: bytes) -> Record[Claim]:
    """Return the record of a statement. Nothing is said of whether it is true.

    Raises:
        EvidenceError: malformed, of an unknown type, or about other subjects than its record names.
    """
    data = read_canonical(payload, "statement")
    kind = _kind_of_type(str(data.get("predicateType")))
    record = _validated(kind, data.get("predicate"))
    if data.get("subject") != _subjects(record):
        raise EvidenceError("evidence.wrong-subject", "the subjects are not those that the record names")
    if _spell(kind, record) != payload:
        raise malformed("the statement holds more, or less, than its record")
    return record


def subject_digest(replica: Replica) -> str:
    """Return the digest under which a replica is the subject of records."""
    return sha256_hex(canonical(replica))


def _kind_of_type(type_: str) -> str:
    for kind in CLAIM_OF_KIND:
        if type_ == predicate_type(kind):
            return kind
    raise EvidenceError("evidence.unknown-type", f"records of type {type_!a} are not known to this version")


def _validated(kind: str, predicate: object) -> Record[Claim]:
    try:
        return adapter(kind).validate_json(canonical(predicate), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise malformed(f"{place or 'predicate'}: {first['msg']}") from None


def _spell(kind: str, record: Record[Claim]) -> bytes:
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": _subjects(record),
            "predicateType": predicate_type(kind),
            "predicate": record,
        }
    )


def _subjects(record: Record[Claim]) -> list[dict[str, Any]]:
    match record.claim:
        case Proof(replicas=replicas) | WritersAnswer(replicas=replicas) | Verification(replicas=replicas):
            return [_subject(f"{each.array_id}/{each.replica_name}", each) for each in replicas]
        case Refusal() | Aborted():
            run = _run_identity(record.origin)
            return [_subject(f"run {run['run_id']}, attempt {run['attempt']}", run)]


def _subject(name: str, identity: object) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": sha256_hex(canonical(identity))}}


def _run_identity(origin: Origin) -> dict[str, Any]:
    return {
        "installation": origin.installation,
        "job": origin.job,
        "run_id": origin.run_id,
        "attempt": origin.attempt,
    }
