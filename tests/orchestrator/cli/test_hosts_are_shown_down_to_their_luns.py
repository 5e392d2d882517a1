from __future__ import annotations

import pytest

from orchestrator.errors import HostError
from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.registry.fakes import World

TREE = r"""EX01 (ex01, Fake Exchange)
  writer Microsoft Exchange Writer (instance instance-1)
    component DB01
      host volume E:\ (basic)
        LUN naa.1, t10.x
      host volume L:\ (dynamic, not every LUN is known)
        LUN naa.2
    component Store (not selectable by itself)
"""


def test_a_host_that_answers_is_registered_with_its_identity(quiesce: Quiesce, add_host: Quiesce) -> None:
    ended = add_host("EX01", "--json")
    assert (ended.status, ended.document["schema"]) == (0, "quiesce.host/1")
    (listed,) = quiesce("host", "list", "--json").result["hosts"]
    assert (listed["name"], listed["host_id"], listed["host_name"]) == ("EX01", "host-1", "ex01")
    assert listed.items() <= ended.result.items()


def test_the_tree_goes_from_writers_to_luns(quiesce: Quiesce, add_host: Quiesce) -> None:
    add_host()
    assert quiesce("host", "show", "EX01").out == TREE


def test_the_tree_is_data_too(quiesce: Quiesce, add_host: Quiesce) -> None:
    add_host()
    result = quiesce("host", "show", "EX01", "--json").result
    (writer,) = result["writers"]
    assert [(each["caption"], each["host_volumes"]) for each in writer["components"]] == [
        ("DB01", ["vol-e", "vol-l"]),
        ("Store", []),
    ]
    assert result["host_volumes"][0] == {
        "name": "vol-e",
        "mount_points": ["E:\\"],
        "luns": [{"lun_ids": ["naa.1", "t10.x"], "arrays": []}],
        "layout": "basic",
        "complete": True,
    }


def test_a_test_sums_the_survey_up(quiesce: Quiesce, add_host: Quiesce, world: World) -> None:
    add_host()
    result = quiesce("host", "test", "EX01", "--json").result
    assert abs(result.pop("clock")["offset_s"] - world.skew_s) < 0.5
    assert {check["what"] for check in result.pop("checks")} >= {"identity", "clock", "writers"}
    assert result == {
        "name": "EX01",
        "identity": {"host_id": "host-1", "name": "ex01", "product": "Fake Exchange", "emulated": True},
        "writers": 1,
        "components": 2,
        "host_volumes": 2,
        "luns": 2,
    }
    assert "1 writers, 2 components, 2 host volumes, 2 LUNs" in quiesce("host", "test", "EX01").out


def test_nothing_is_stored_when_the_host_does_not_answer(
    quiesce: Quiesce, add_host: Quiesce, world: World
) -> None:
    world.fault = HostError("host.unreachable", "no route", subject="EX01")
    ended = add_host("EX01", "--json")
    assert (ended.status, ended.problem["code"]) == (4, "host.unreachable")
    assert quiesce("host", "list", "--json").result == {"hosts": []}
    assert "No host is registered" in quiesce("host", "list").out


@pytest.mark.parametrize("verb", ["test", "show"])
def test_another_host_at_the_same_address_is_noticed(
    quiesce: Quiesce, add_host: Quiesce, world: World, verb: str
) -> None:
    add_host()
    world.host_id = "host-2"
    ended = quiesce("host", verb, "EX01", "--json")
    assert (ended.status, ended.problem["code"]) == (4, "host.other-identity")


def test_a_host_is_registered_once_and_removed_by_name(quiesce: Quiesce, add_host: Quiesce) -> None:
    add_host()
    assert add_host("EX01", "--json").problem["code"] == "input.name-taken"
    assert add_host("EX02", "--json").problem["code"] == "input.already-registered"
    assert quiesce("host", "remove", "EX01", "--json").result == {"removed": "EX01"}
    assert quiesce("host", "show", "EX01", "--json").problem["code"] == "input.unknown-host"


def test_an_array_kind_is_no_host_kind(quiesce: Quiesce) -> None:
    options = ("--kind", "fake-array", "--url", "https://x", "--secret", "env:PEER_TOKEN", "--json")
    assert quiesce("host", "add", "EX01", *options).problem["code"] == "input.unknown-kind"
