"""What a hardware provider is asked about LUNs, and that nothing is promised for what is not there."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from orchestrator.hosts.vss.provider.lun_identities import BegunLuns, DeviceLun, VdsLun
from orchestrator.hosts.vss.provider.pipe_protocol import S_OK, VETO, Method
from orchestrator.hosts.vss.provider.relay import Relay
from tests.orchestrator.hosts.vss.provider import pipe_calls as calls

TWO = struct.pack("<H", 2) + (calls.text("a") + calls.lun(b"S1")) + (calls.text("b") + calls.lun(b"S2"))
LUN_CALLS_OF_A_SET = (Method.BEGIN_LUNS, Method.GET_TARGET_LUNS)
BEGUN = calls.COPY.bytes_le + struct.pack("<i", 0x29) + TWO


@dataclass
class OneArray:
    """An array that takes what it is told to."""

    takes: bool = True
    fewer: int = 0
    emptied: list[str] = field(default_factory=list)

    def supports(self, context: int, luns: Sequence[DeviceLun]) -> bool:
        return self.takes

    def begin(self, set_id: UUID, begun: BegunLuns) -> bool:
        return self.takes

    def targets(self, set_id: UUID, sources: Sequence[DeviceLun]) -> Sequence[VdsLun]:
        return [replace(one.lun, serial=b"T" + one.lun.serial) for one in sources][self.fewer :]

    def locate(self, luns: Sequence[VdsLun]) -> bool:
        return self.takes

    def fill_in(self, one: DeviceLun) -> VdsLun | None:
        return replace(one.lun, serial=b"known") if self.takes else None

    def empty(self, one: DeviceLun) -> None:
        self.emptied.append(one.device)


def asked(relay: Relay, method: Method, payload: bytes, connection: object = None) -> tuple[int, bytes]:
    of_a_set = method in LUN_CALLS_OF_A_SET or method.name.endswith(("PREPARE", "COMMIT"))
    answer = relay.answer(calls.request(method, payload, calls.SET if of_a_set else UUID(int=0)), connection)
    return calls.code(answer), calls.fields(answer)


def cut(array: OneArray) -> Relay:
    """Return a relay whose set has been held and released."""
    relay = Relay(luns=array)
    relay.announce(calls.SET)
    assert asked(relay, Method.BEGIN_LUNS, BEGUN)[0] == S_OK
    relay.expect(calls.SET, 10)
    for method in (Method.END_PREPARE, Method.PRE_COMMIT):
        assert asked(relay, method, b"")[0] == S_OK
    relay.release()
    return relay


@pytest.mark.parametrize("takes", [True, False])
def test_luns_are_supported_and_begun_when_the_array_takes_them(takes: bool) -> None:
    relay = Relay(luns=OneArray(takes))
    relay.announce(calls.SET)
    assert asked(relay, Method.ARE_LUNS_SUPPORTED, struct.pack("<i", 0x29) + TWO) == (
        S_OK,
        struct.pack("<I", takes),
    )
    assert asked(relay, Method.BEGIN_LUNS, BEGUN)[0] == (S_OK if takes else VETO)


def test_without_an_array_nothing_is_supported() -> None:
    relay = Relay()
    relay.announce(calls.SET)
    assert asked(relay, Method.ARE_LUNS_SUPPORTED, struct.pack("<i", 0x29) + TWO) == (S_OK, bytes(4))
    assert asked(relay, Method.BEGIN_LUNS, BEGUN)[0] == VETO


def test_no_targets_are_named_before_the_cut() -> None:
    assert asked(cut(OneArray()), Method.GET_TARGET_LUNS, TWO)[0] == VETO


@pytest.mark.parametrize("fewer", [0, 1])
def test_targets_are_named_after_the_cut_if_there_is_one_for_each(fewer: int) -> None:
    relay = cut(OneArray(fewer=fewer))
    relay.release()
    ours = relay._set
    assert ours is not None
    ours.verdict = S_OK  # released at once: no second thread for this
    assert asked(relay, Method.COMMIT, b"")[0] == S_OK
    assert asked(relay, Method.POST_COMMIT, calls.ending(1, 1000, copies=2))[0] == S_OK
    code, fields = asked(relay, Method.GET_TARGET_LUNS, TWO)
    assert code == (VETO if fewer else S_OK)
    assert fields == (b"" if fewer else calls.lun(b"TS1") + calls.lun(b"TS2"))


def test_luns_are_known_again_located_and_let_go() -> None:
    array = OneArray()
    relay = Relay(luns=array)
    one = calls.text("a") + calls.lun(b"S1")
    code, fields = asked(relay, Method.FILL_IN_LUN_INFO, one)
    assert (code, fields) == (S_OK, struct.pack("<I", 1) + calls.lun(b"known"))
    assert asked(relay, Method.LOCATE_LUNS, struct.pack("<H", 1) + calls.lun())[0] == S_OK
    assert asked(relay, Method.ON_LUN_EMPTY, one)[0] == S_OK
    assert array.emptied == ["a"]
    array.takes = False
    assert asked(relay, Method.FILL_IN_LUN_INFO, one)[1][:4] == bytes(4)
    assert asked(relay, Method.LOCATE_LUNS, struct.pack("<H", 1) + calls.lun())[0] == VETO
