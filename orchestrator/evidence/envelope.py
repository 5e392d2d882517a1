"""The signed file: a DSSE envelope with one Ed25519 signature, spelled in one way only."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final

from orchestrator.evidence.canonical import canonical, malformed, read_canonical

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, which key is said to have signed it, and the signature over `signed_bytes(payload)`."""

    payload: bytes
    key_id: str
    signature: bytes


def signed_bytes(payload: bytes) -> bytes:
    """Return what is signed: DSSE v1 pre-authentication encoding (PAE) of payload type and payload."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def write_envelope(envelope: Envelope) -> bytes:
    """Return the bytes of the file."""
    signature = {"keyid": envelope.key_id, "sig": _spell(envelope.signature)}
    return (
        canonical(
            {"payload": _spell(envelope.payload), "payloadType": PAYLOAD_TYPE, "signatures": [signature]}
        )
        + b"\n"
    )


def read_envelope(data: bytes) -> Envelope:
    """Return what the file holds. Nothing is said of the signature.

    Raises:
        EvidenceError: `evidence.malformed`, also for base64 with stray bits, an end without newline, a second
            signature, or any other second spelling of the same envelope.
    """
    fields = read_canonical(data.removesuffix(b"\n"), "envelope")
    try:
        (signature,) = fields["signatures"]
        envelope = Envelope(
            payload=b64decode(fields["payload"], validate=True),
            key_id=str(signature["keyid"]),
            signature=b64decode(signature["sig"], validate=True),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise malformed("the file is not an envelope with one signature") from error
    if write_envelope(envelope) != data:
        raise malformed("the envelope is not spelled as Quiesce spells it")
    return envelope


def _spell(data: bytes) -> str:
    return b64encode(data).decode("ascii")
