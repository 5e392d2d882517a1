"""The pure translation between FlashArray's words and ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.model.arrays import ObjectKind, ObjectState
from orchestrator.model.names import ObjectNames
from providers.pure_flasharray import mapping
from providers.pure_flasharray.mapping import ArrayRow, KeptRow, VolumeRow
from tests.providers.pure_flasharray.desk import NAMES

SERIAL = "361019ECACE43DB3000120A4"
VOLUME: dict[str, Any] = {
    "id": "id-1",
    "name": "exch-db",
    "serial": SERIAL,
    "provisioned": 1 << 20,
    "created": 1_772_418_600_123,
}
ARRAY: dict[str, Any] = {"id": "a", "name": "fa1", "version": "6.4.10"}


def volume(**changes: Any) -> VolumeRow:
    """Return a volume's row with some fields changed."""
    return VolumeRow.model_validate({**VOLUME, **changes})


def test_a_serial_and_what_a_host_reads_from_the_lun_are_one_identity() -> None:
    assert mapping.lun_id_of(SERIAL) == "naa.624a9370361019ecace43db3000120a4"
    assert mapping.serial_of("naa.624a9370361019ecace43db3000120a4") == SERIAL


def test_an_nvme_identity_is_the_same_serial() -> None:
    assert mapping.serial_of("eui.00361019ecace43d24a937b3000120a4") == SERIAL


@given(st.text("0123456789ABCDEF", min_size=24, max_size=24))
def test_every_serial_survives_the_way_to_the_host_and_back(serial: str) -> None:
    assert mapping.serial_of(mapping.lun_id_of(serial)) == serial


@pytest.mark.parametrize(
    "lun_id",
    [
        "naa.60060160a0b13d00c9d25b5c5b7ce811",  # another vendor's
        "naa.624a9370361019ecace43db3000120a",
        "naa.624a9370361019ecace43db3000120a4' or name='*",
        "t10.ATA",
        "",
    ],
)
def test_an_identity_of_another_vendor_has_no_serial(lun_id: str) -> None:
    assert mapping.serial_of(lun_id) is None


@given(st.integers(0, 4_102_444_800_000))
def test_a_cut_time_keeps_every_millisecond(epoch_ms: int) -> None:
    instant = mapping.instant_of(epoch_ms)
    assert instant.tzinfo is UTC
    assert (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) == epoch_ms


def test_names_are_made_of_the_attempts_stem_and_fit_the_array() -> None:
    assert mapping.cut_name(NAMES) == f"{NAMES.stem}.cut"
    assert mapping.clone_name(NAMES, 7) == f"{NAMES.stem}-7"
    longest = ObjectNames("abc234", "run4567abc", 99)
    assert len(longest.stem) <= 63
    assert len(f"{mapping.cut_name(longest)}.{'v' * 63}") <= mapping.MAX_REPLICA_NAME


def test_filters_join_their_values_and_take_no_quotes() -> None:
    assert mapping.where("name", "a", "b*") == "name='a' or name='b*'"
    with pytest.raises(ValueError, match="quotes"):
        mapping.where("name", "a' or name='*")


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({}, False),
        ({"name": f"{NAMES.stem}-1"}, True),
        ({"name": f"pod::{NAMES.stem}-1"}, True),
        ({"name": f"group/{NAMES.stem}-1"}, True),
        ({"source": {"name": f"{NAMES.stem}-1", "id": "x"}}, True),
        ({"name": "not-qsc-mine"}, False),
        ({"source": {}}, False),
    ],
)
def test_an_array_volume_of_ours_is_known_by_its_name_or_its_sources(
    changes: dict[str, Any], ours: bool
) -> None:
    assert mapping.array_volume(volume(**changes)).ours is ours


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pod": {"name": "pod1", "id": "p"}}, "pod pod1"),
        ({"promotion_status": "demoted"}, "demoted"),
        ({"subtype": "protocol_endpoint"}, "protocol_endpoint"),
        ({"name": "g" * 60 + "/" + "v" * 30}, "too long"),
    ],
)
def test_array_volumes_that_a_cut_of_ours_cannot_hold_are_named_with_the_reason(
    changes: dict[str, Any], words: str
) -> None:
    assert words in (mapping.unsupported(volume(**changes), NAMES) or "")
    assert mapping.unsupported(volume(pod={}, volume_group={}), NAMES) is None


def test_the_arrays_clock_is_read_in_milliseconds_or_from_http() -> None:
    row = ArrayRow.model_validate({**ARRAY, "_as_of": 1_772_418_600_123})
    assert mapping.clock_of(row, "") == (datetime(2026, 3, 2, 2, 30, 0, 123_000, UTC), 0.001)
    old = ArrayRow.model_validate(ARRAY)
    date = "Mon, 02 Mar 2026 02:30:00 GMT"
    assert mapping.clock_of(old, date) == (datetime(2026, 3, 2, 2, 30, tzinfo=UTC), 1.0)
    with pytest.raises(ValueError, match="date"):
        mapping.clock_of(old, "")


@pytest.mark.parametrize(
    ("space", "full"),
    [
        ({"total_used": 99}, False),
        ({"total_used": 100}, True),
        ({"total_physical": 100}, True),
        ({"total_physical": 100, "total_used": 1}, False),
        ({}, False),
        (None, False),
    ],
)
def test_an_array_is_full_when_every_byte_is_used_and_the_account_may_see_it(
    space: object, full: bool
) -> None:
    assert mapping.is_full(ArrayRow.model_validate({**ARRAY, "capacity": 100, "space": space})) is full
    assert not mapping.is_full(ArrayRow.model_validate({**ARRAY, "capacity": None, "space": space}))


@pytest.mark.parametrize(
    ("kind", "row", "state"),
    [
        (ObjectKind.CONSISTENCY_GROUP, {"name": "qsc-a"}, ObjectState.LIVE),
        (ObjectKind.CONSISTENCY_GROUP, {"name": "qsc-a", "destroyed": True}, ObjectState.VOID_PENDING),
        (ObjectKind.CONSISTENCY_GROUP, {"name": "qsc-a-void"}, ObjectState.VOID_PENDING),
        (ObjectKind.CLONE, {"name": "qsc-a-void"}, ObjectState.LIVE),
        (ObjectKind.CUT, {"name": "qsc-a.cut", "destroyed": True}, ObjectState.VOID_PENDING),
    ],
)
def test_what_is_destroyed_or_put_aside_is_void(
    kind: ObjectKind, row: dict[str, Any], state: ObjectState
) -> None:
    assert mapping.owned_object(kind, KeptRow.model_validate(row)).state is state


def test_an_object_without_an_id_is_known_by_its_name() -> None:
    assert KeptRow(name="qsc-a").object_id == "qsc-a"
    assert KeptRow(name="qsc-a", id="x").object_id == "x"


@pytest.mark.parametrize("field", ["id", "serial", "created", "provisioned"])
@pytest.mark.parametrize("value", [None, [], 1.5])
def test_a_row_with_a_wrong_or_missing_field_is_not_guessed_at(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        volume(**{field: value})
