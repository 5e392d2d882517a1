"""What the VSS provider asks the agent, and how it is answered; the other side is shim/wire.hpp. Pure.

One request at a time on a connection, answered in order. A request is a header of 32 bytes (magic, method,
two zero bytes, sequence, length of the payload, set id) and a payload; its answer has the same header with a
magic of its own, and a payload that begins with an HRESULT. What else an answer holds comes with S_OK alone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

from orchestrator.hosts.vss.provider.fields import BadMessage, Fields

PIPE_NAME: Final = r"\\.\pipe\quiesce-vss-provider"
REQUEST_MAGIC: Final = 0x31505651  # "QVP1"
ANSWER_MAGIC: Final = 0x31415651  # "QVA1"
LONGEST_PAYLOAD: Final = 1 << 18
HEADER: Final = struct.Struct("<IHHII16s")

S_OK: Final = 0
VETO: Final = 0x80042306  # VSS_E_PROVIDER_VETO (vsserror.h)


class Method(IntEnum):
    """What VSS called."""

    IS_VOLUME_SUPPORTED = 1
    ARE_LUNS_SUPPORTED = 2
    BEGIN_VOLUME = 3
    BEGIN_LUNS = 4
    END_PREPARE = 5
    PRE_COMMIT = 6
    COMMIT = 7
    POST_COMMIT = 8
    PRE_FINAL_COMMIT = 9
    POST_FINAL_COMMIT = 10
    ABORT = 11
    GET_TARGET_LUNS = 12
    LOCATE_LUNS = 13
    FILL_IN_LUN_INFO = 14
    ON_LUN_EMPTY = 15


class Ended(IntEnum):
    """What ended CommitSnapshots, as the provider itself says."""

    NEVER_HELD = 0
    RELEASED = 1
    VETOED = 2
    DEADLINE = 3
    CONNECTION_LOST = 4
    MALFORMED = 5
    ABORTED = 6


@dataclass(frozen=True, slots=True)
class Request:
    """One call of VSS.

    Attributes:
        method: which.
        sequence: number on the connection, echoed in the answer.
        set_id: of the shadow copy set; the nil UUID where the method has none.
        payload: the rest, by method.
    """

    method: Method
    sequence: int
    set_id: UUID
    payload: bytes


@dataclass(frozen=True, slots=True)
class HoldEnding:
    """How a hold ended, by the provider's own clock.

    Attributes:
        ended: what ended it.
        hold_s: how long CommitSnapshots was in; None when the provider could not say.
    """

    ended: Ended
    hold_s: float | None


def read_header(data: bytes) -> tuple[Method, int, int, UUID]:
    """Return method, sequence, length of the payload and set id of a request.

    Raises:
        BadMessage: it is no request.
    """
    try:
        magic, method, reserved, sequence, length, set_id = HEADER.unpack(data)
    except struct.error:
        raise BadMessage(f"a header of {len(data)} bytes") from None
    if magic != REQUEST_MAGIC or reserved != 0 or length > LONGEST_PAYLOAD:
        raise BadMessage("the header is none")
    try:
        return Method(method), sequence, length, UUID(bytes_le=set_id)
    except ValueError:
        raise BadMessage(f"method {method} is none") from None


def answer_bytes(request: Request, code: int, fields: bytes = b"") -> bytes:
    """Return an answer as it is sent; fields go with S_OK alone."""
    payload = struct.pack("<I", code) + (fields if code == S_OK else b"")
    header = HEADER.pack(
        ANSWER_MAGIC, request.method, 0, request.sequence, len(payload), request.set_id.bytes_le
    )
    return header + payload


def deadlines(dead_man_ms: int, longest_hold_ms: int) -> bytes:
    """Return the fields of the answer to EndPrepareSnapshots.

    Args:
        dead_man_ms: of GetTickCount64: the instant at which a hold ends, whoever lives.
        longest_hold_ms: and how long it may last before that.
    """
    return struct.pack("<QI", dead_man_ms, longest_hold_ms)


def supported(answer: bool) -> bytes:
    """Return the field of an answer to "is this yours?"."""
    return struct.pack("<I", answer)


def read_ending(payload: bytes, counted_copies: bool) -> HoldEnding:
    """Read what PostCommitSnapshots (which counts shadow copies first) and AbortSnapshots say of the hold.

    Raises:
        BadMessage: it does not.
    """
    fields = Fields(payload)
    if counted_copies:
        fields.signed(4)
    said, hold_us = fields.unsigned(4), fields.unsigned(8)
    fields.end()
    try:
        return HoldEnding(Ended(said), hold_us / 1e6)
    except ValueError:
        raise BadMessage(f"{said} is no ending") from None


@dataclass(frozen=True, slots=True)
class BegunVolume:
    r"""A host volume that joins a set.

    Attributes:
        shadow_copy_id: of its shadow copy to be.
        context: VSS snapshot context.
        host_volume: `\\?\Volume{GUID}\`.
    """

    shadow_copy_id: UUID
    context: int
    host_volume: str


def read_begun_volume(payload: bytes) -> BegunVolume:
    """Read the arguments of a software provider's BeginPrepareSnapshot.

    Raises:
        BadMessage: they are none.
    """
    fields = Fields(payload)
    begun = BegunVolume(fields.guid(), fields.signed(4), fields.text())
    fields.end()
    return begun
