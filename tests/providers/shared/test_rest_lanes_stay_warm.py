"""Which connection a request takes, and what that does for the next cut."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.lab.certificates import LabCertificates
from orchestrator.model.budgets import Budgets
from providers.shared.rest import RestArray
from providers.shared.rest.lanes import LANES
from tests.providers.shared.rest_server import ScriptedArray, TestToken, hangs_up, rest_array


async def test_requests_take_turns_so_that_every_connection_is_proven(
    array: ScriptedArray, rest: RestArray
) -> None:
    for _ in range(2 * LANES):
        await rest.read("/clock")
    assert array.ways in ([0, 1] * LANES, [1, 0] * LANES)
    assert array.connections == LANES


async def test_a_cut_takes_the_connection_that_was_proven_last(array: ScriptedArray, rest: RestArray) -> None:
    await rest.read("/clock")
    await rest.cut("POST", "/cuts", token=TestToken(), array_id="id-a")
    assert array.ways[0] == array.ways[1]


async def test_clock_readings_keep_a_cut_possible_for_as_long_as_they_go_on(
    array: ScriptedArray, rest: RestArray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.shared.rest.array.DEFAULT_BUDGETS", Budgets(warm_s=0.05))
    for _ in range(4):
        await asyncio.sleep(0.02)
        await rest.read("/clock")
    await rest.cut("POST", "/cuts", token=TestToken(), array_id="id-a")
    assert array.connections == LANES


async def test_a_connection_that_failed_is_the_next_to_be_proven(
    array: ScriptedArray, rest: RestArray
) -> None:
    array.will(hangs_up)
    await rest.read("/clock")
    assert array.ways[0] not in array.ways[1:]
    assert array.connections == LANES + 1


async def test_more_requests_than_connections_wait_for_one_another(
    array: ScriptedArray, rest: RestArray
) -> None:
    await asyncio.gather(*(rest.read(f"/{n}") for n in range(7)))
    assert len(array.requests) == 7
    assert array.connections == LANES


async def test_closing_twice_is_quiet_and_closing_unopened_too(
    array: ScriptedArray, ca: LabCertificates
) -> None:
    rest = rest_array(array.port, ca.ca_file)
    await rest.close()
    await rest.open()
    await rest.log_in()
    await rest.close()
    await rest.close()
