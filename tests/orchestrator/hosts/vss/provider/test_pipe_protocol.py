"""The frames of the VSS provider's pipe."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given

from orchestrator.hosts.vss.provider.fields import BadMessage, counted
from orchestrator.hosts.vss.provider.lun_identities import (
    VdsLun,
    lun_bytes,
    read_begun_luns,
    read_device_lun,
    read_luns,
    read_supported_luns,
)
from orchestrator.hosts.vss.provider.pipe_protocol import (
    LONGEST_PAYLOAD,
    VETO,
    Ended,
    HoldEnding,
    Method,
    answer_bytes,
    read_begun_volume,
    read_ending,
    read_header,
)
from tests.fuzzing import damaged, fuzzed
from tests.orchestrator.hosts.vss.provider import pipe_calls as calls

LUN_LIST = struct.pack("<H", 2) + (calls.text("\\\\?\\scsi") + calls.lun()) * 2


def test_a_header_is_read() -> None:
    assert read_header(calls.header(7, 12)) == (Method.COMMIT, 7, 12, calls.SET)


@pytest.mark.parametrize(
    "header",
    [
        calls.header(7, 0, magic=b"QVA1"),
        calls.header(7, LONGEST_PAYLOAD + 1),
        calls.header(0, 0),
        calls.header(16, 0),
        calls.header(7, 0)[:-1],
        calls.header(7, 0)[:6] + b"\1\0" + calls.header(7, 0)[8:],
    ],
    ids=["magic", "length", "method 0", "method 16", "short", "reserved"],
)
def test_what_is_no_header_is_refused(header: bytes) -> None:
    with pytest.raises(BadMessage):
        read_header(header)


def test_an_answer_echoes_its_request_and_gives_fields_with_success_alone() -> None:
    asked = calls.request(Method.END_PREPARE)
    good = answer_bytes(asked, 0, b"field")
    assert good[:4] == b"QVA1"
    assert good[4:] == calls.header(5, 9)[4:] + struct.pack("<I", 0) + b"field"
    assert answer_bytes(asked, VETO, b"field")[32:] == struct.pack("<I", VETO)


def test_a_begun_volume_is_read() -> None:
    begun = read_begun_volume(calls.begun_volume())
    assert (begun.shadow_copy_id, begun.context, begun.host_volume) == (calls.COPY, 0x29, calls.HOST_VOLUME)


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: d[:20] + b"\2\0\0\xd8"])
def test_what_is_no_begun_volume_is_refused(change: object) -> None:
    with pytest.raises(BadMessage):
        read_begun_volume(change(calls.begun_volume()))  # type: ignore[operator] # lambdas


def test_a_value_that_is_cut_short_is_refused() -> None:
    with pytest.raises(BadMessage):
        read_device_lun((calls.text("dev") + calls.lun())[:-1])


def test_an_ending_is_read() -> None:
    assert read_ending(calls.ending(1, 1_500_000), counted_copies=False) == HoldEnding(Ended.RELEASED, 1.5)
    assert read_ending(calls.ending(3, 9, copies=2), counted_copies=True) == HoldEnding(Ended.DEADLINE, 9e-6)
    with pytest.raises(BadMessage):
        read_ending(calls.ending(7, 0), counted_copies=False)


def test_lun_identities_go_there_and_back() -> None:
    one = read_device_lun(calls.text("dev") + calls.lun(b"S9"))
    assert (one.device, one.lun.serial, one.lun.identifiers[0].value) == ("dev", b"S9", b"\x60\x02")
    assert lun_bytes(one.lun) == calls.lun(b"S9")
    context, luns = read_supported_luns(struct.pack("<i", -1) + LUN_LIST)
    assert (context, len(luns)) == (-1, 2)
    assert len(read_begun_luns(calls.COPY.bytes_le + struct.pack("<i", 0x29) + LUN_LIST).luns) == 2


def test_a_value_that_no_count_can_say_is_refused() -> None:
    with pytest.raises(BadMessage):
        counted(bytes(0x10000))


@pytest.mark.many
@fuzzed
@given(damaged(calls.begun_volume(), calls.ending(1, 5, copies=1), LUN_LIST, calls.header(7, 0)))
def test_broken_messages_are_read_or_refused(data: bytes) -> None:
    for read in (
        read_header,
        read_begun_volume,
        read_begun_luns,
        read_supported_luns,
        read_device_lun,
        lambda payload: read_ending(payload, counted_copies=True),
        lambda payload: read_luns(payload, devices=True),
    ):
        try:
            found = read(data)
        except BadMessage:
            continue
        if isinstance(found, VdsLun):
            assert lun_bytes(found)
