"""Clones of a real run, presented over the lab's SAN to the host object that stands for this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.home import REQUEST_LIFE_S, SECRETS, Home
from tests.journeys.lab import DATABASES, LOGS, LabArray

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

OURS, STANDBY = "quiesce1", "standby"


@pytest.fixture
def san(home: Home) -> Iterator[Home]:
    """The arrays registered anew, each with the host object that it presents to."""
    for name, array in home.lab.arrays.items():
        array.ask("POST", "hosts", {"names": f"{OURS},{STANDBY}"})
        assert home.quiesce_here("array", "remove", name).status == 0
        settings = {
            "present_to": OURS,
            "device_folder": fabric(array),
            "request_life_s": REQUEST_LIFE_S,
        }
        options = [part for key, value in settings.items() for part in ("--setting", f"{key}={value}")]
        options += ["--url", array.url, "--ca-file", array.ca_file, "--secret", f"env:{SECRETS[name]}"]
        assert home.quiesce_here("array", "add", name, "--kind", "pure-flasharray", *options).status == 0
    yield home
    for array in home.lab.arrays.values():
        for row in array.ask("GET", "connections"):
            named = {"host_names": row["host"]["name"], "volume_names": row["volume"]["name"]}
            array.ask("DELETE", "connections", named)
        array.ask("DELETE", "hosts", {"names": f"{OURS},{STANDBY}"})


def fabric(array: LabArray, host: str = OURS) -> Path:
    """Return where a host of the lab sees what is presented to it."""
    return Path(array.announced["fabric"]) / host


def seen(home: Home) -> set[str]:
    return {str(link) for array in home.lab.arrays.values() for link in fabric(array).iterdir()}


def made_set(home: Home) -> str:
    return str(home.quiesce("run", home.job(clone=True), "--json").result["run"]["set"])


def test_clones_are_seen_read_and_withdrawn_and_deleted_while_they_are_presented(san: Home) -> None:
    before = san.lab.inventory()
    set_id = made_set(san)
    shown = san.quiesce_here("set", "present", set_id, "--json").result["clones"]
    assert {each["file"] for each in shown} == seen(san)
    assert {each["array"] for each in shown} == {LOGS, DATABASES}
    assert {each["device"] for each in shown} == {""}
    assert san.quiesce_here("set", "present", set_id, "--json").result["clones"] == shown
    for each in shown:
        replicas = san.lab.arrays[each["array"]].control("GET", "replicas")
        assert Path(each["file"]).read_bytes() == Path(replicas[each["name"]]).read_bytes()
    for _ in range(2):
        assert san.quiesce_here("set", "withdraw", set_id, "--json").status == 0
        assert seen(san) == set()
    assert san.quiesce_here("set", "present", set_id, "--json").status == 0
    assert san.quiesce_here("set", "delete", set_id, "--json").result["void_pending"] == []
    assert seen(san) == set()
    assert san.lab.inventory() == before


def test_a_clone_that_somebody_uses_elsewhere_keeps_its_set_whole(san: Home) -> None:
    before = san.lab.inventory()
    set_id = made_set(san)
    made = san.lab.inventory()
    clone = san.sets()[set_id].clones[-1]
    array = san.lab.arrays[clone["array"]]
    array.ask("POST", "connections", {"host_names": STANDBY, "volume_names": clone["volume_name"]})
    refused = san.quiesce_here("set", "delete", set_id, "--json")
    assert refused.problem["code"] == "array.in-use"
    assert STANDBY in refused.problem["what"]
    kept = san.lab.inventory().keys()
    assert {key for key in made if key[1] != "volumes"} <= kept
    assert (clone["array"], "volumes", clone["volume_name"]) in kept
    assert san.sets()[set_id].grade is not None
    array.ask("DELETE", "connections", {"host_names": STANDBY, "volume_names": clone["volume_name"]})
    assert san.quiesce_here("set", "delete", set_id, "--json").status == 0
    assert san.lab.inventory() == before


def test_a_host_object_that_is_not_there_is_told_by_the_test_and_by_presenting(san: Home) -> None:
    set_id = made_set(san)
    for array in san.lab.arrays.values():
        array.ask("PATCH", "hosts", {"names": OURS}, {"name": "elsewhere"})
    tested = san.quiesce_here("array", "test", LOGS, "--json")
    assert (tested.status, tested.document["result"]["missing_rights"]) == (
        8,
        [f"the host {OURS}, which `present_to` names"],
    )
    refused = san.quiesce_here("set", "present", set_id, "--json")
    assert refused.problem["code"] == "array.cannot-present"
    for array in san.lab.arrays.values():
        array.ask("PATCH", "hosts", {"names": "elsewhere"}, {"name": OURS})
    assert san.quiesce_here("set", "delete", set_id, "--json").status == 0
