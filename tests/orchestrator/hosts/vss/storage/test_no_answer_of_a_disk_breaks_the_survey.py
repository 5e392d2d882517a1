"""Damaged answers are read as far as they go, and never as more than they are."""

from __future__ import annotations

import pytest
from hypothesis import given

from orchestrator.hosts.vss.storage.device_ids import lun_ids
from orchestrator.hosts.vss.storage.extents import disks_of
from orchestrator.hosts.vss.storage.layout import layout_of
from tests.fuzzing import damaged, fuzzed
from tests.orchestrator.hosts.vss.fake_devices import (
    BASIC_DATA,
    LDM_DATA,
    descriptor,
    device_ids,
    extents,
    gpt,
    mbr,
    naa,
)

pytestmark = pytest.mark.many

IDS = device_ids(naa(1), (2, 1, 0, b"PURE    X"), (2, 8, 0, b"naa.6" + b"b" * 31))


@fuzzed
@given(damaged(IDS), damaged(descriptor(serial=b"S1")))
def test_identities(ids: bytes, about: bytes) -> None:
    assert all(one == one.strip() and "." in one for one in lun_ids(ids, about))


@fuzzed
@given(damaged(extents(1, 2)))
def test_extents(answer: bytes) -> None:
    disks = disks_of(answer)
    assert disks is None or len(disks) * 24 <= len(answer)


@fuzzed
@given(damaged(gpt(BASIC_DATA, LDM_DATA), mbr(7, 0x42)), damaged(descriptor()))
def test_layouts(layout: bytes, about: bytes) -> None:
    layout_of(layout, about)
