"""`quiesce host test` and `host show` with arrays behind the host, and what `host add` refuses."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from orchestrator.cli.host_tree import tree_result, tree_text
from orchestrator.errors import ArrayError, HostError
from orchestrator.model.exchange import CopyRole, ExchangeServer, ExchangeVersion, MailboxDatabase
from orchestrator.model.hosts import CheckStatus, HostCheck
from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.policy import storage
from tests.orchestrator.registry.fakes import World

BAD_RIGHT = HostCheck("rights", CheckStatus.BAD, "Not an administrator.", "Run the agent as LocalSystem.")


def statuses(result: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {check["what"]: check["status"] for check in result["checks"]}


def test_what_is_not_good_is_shown_with_its_remedy(
    quiesce: Quiesce, add_host: Quiesce, add_array: Quiesce, world: World
) -> None:
    world.luns = {"naa.1": "vol-1", "naa.2": "vol-2"}
    world.checks = (HostCheck("services", CheckStatus.WARNING, "One is set to manual.", "Set it to start."),)
    add_host()
    add_array()
    ended = quiesce("host", "test", "EX01", "--json")
    assert ended.document["schema"] == "quiesce.host-test/1"
    # L: is on a dynamic disk of which not every LUN is known.
    assert statuses(ended.result)["services"] == "warning"
    assert statuses(ended.result)["storage: L:\\"] == "warning"
    text = quiesce("host", "test", "EX01").out
    assert re.search(
        r"^services +warning +One is set to manual\.\n  next: Set it to start\.$", text, re.MULTILINE
    )


def test_a_bad_check_ends_with_its_own_status(quiesce: Quiesce, add_host: Quiesce, world: World) -> None:
    world.checks = (BAD_RIGHT,)
    add_host()
    ended = quiesce("host", "test", "EX01", "--json")
    assert (ended.status, statuses(ended.result)["rights"]) == (8, "bad")
    assert "A run would fail." in quiesce("host", "test", "EX01").out


def test_a_host_that_cannot_examine_itself_is_bad(quiesce: Quiesce, add_host: Quiesce, world: World) -> None:
    world.checks = HostError("host.rejected", "no such command")
    add_host()
    ended = quiesce("host", "test", "EX01", "--json")
    (check,) = [each for each in ended.result["checks"] if each["what"] == "examination"]
    assert (ended.status, check["status"]) == (8, "bad")
    assert "no such command" in check["found"]


def test_an_array_that_cannot_be_asked_is_named_and_the_others_are_asked(
    quiesce: Quiesce, add_host: Quiesce, add_array: Quiesce, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.luns = {"naa.1": "vol-1"}
    add_host()
    add_array("fa-01")
    world.array_id = "array-2"
    add_array("fa-02")  # from here on, array-2 answers at both addresses
    ended = quiesce("host", "test", "EX01", "--json")
    assert statuses(ended.result)["array fa-01"] == "bad"
    assert "array fa-02" not in statuses(ended.result)
    shown = quiesce("host", "show", "EX01", "--json").result
    assert shown["arrays_not_asked"].keys() == {"fa-01"}
    assert shown["host_volumes"][0]["luns"][0]["arrays"] == [
        {"array": "fa-02", "array_id": "array-2", "array_volume": "vol-1"}
    ]
    text = quiesce("host", "show", "EX01").out
    assert "        LUN naa.1, t10.x\n          array fa-02, array volume vol-1\n" in text
    assert "  array fa-01 was not asked: another array answers" in text


def test_an_array_whose_secret_is_gone_is_named(
    quiesce: Quiesce, add_host: Quiesce, add_array: Quiesce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "right-token-9f2c")
    add_host()
    add_array(secret="env:OTHER_TOKEN")
    monkeypatch.delenv("OTHER_TOKEN")
    assert statuses(quiesce("host", "test", "EX01", "--json").result)["array fa-01"] == "bad"


def test_connections_are_closed_whatever_happens(
    quiesce: Quiesce, add_host: Quiesce, add_array: Quiesce, world: World
) -> None:
    add_host()
    add_array()
    quiesce("host", "test", "EX01")
    assert world.open_connections == 0
    world.fault = ArrayError("array.unreachable", "no route")
    assert quiesce("host", "test", "EX01", "--json").status == 4
    assert world.open_connections == 0


def test_a_host_whose_agent_is_not_on_record_is_named(quiesce: Quiesce) -> None:
    options = ("--kind", "fake-host", "--url", "agent:a-1", "--secret", "env:PEER_TOKEN")
    assert quiesce("host", "add", "EX01", *options).status == 0
    assert quiesce("host", "test", "EX01", "--json").problem["code"] == "input.unknown-agent"


def test_a_kind_that_the_table_does_not_know_is_registered(quiesce: Quiesce, world: World) -> None:
    world.product = "Windows Server 2012 R2 Standard"
    options = ("--url", "https://ex01", "--secret", "env:PEER_TOKEN", "--json")
    assert quiesce("host", "add", "EX01", "--kind", "fake-host", *options).status == 0


def test_what_the_table_refuses_is_refused_by_name(
    quiesce: Quiesce, add_host: Quiesce, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.orchestrator.registry.fakes.FakeHost.kind", "agent")
    world.product = "Windows Server 2012 R2 Standard"
    options = ("--kind", "agent", "--url", "https://ex01", "--secret", "env:PEER_TOKEN", "--json")
    ended = quiesce("host", "add", "EX01", *options)
    assert (ended.status, ended.problem["code"]) == (3, "policy.host-unsupported")
    assert "--kind qemu-guest-agent" in ended.problem["what"]
    assert quiesce("host", "list", "--json").result == {"hosts": []}


# ---------------------------------------------------------------- the tree of Exchange
DATABASES = (
    MailboxDatabase("DB01", "guid-1", role=CopyRole.PASSIVE, servers=("EX01", "EX02"), healthy_copies=2),
    MailboxDatabase("DB02", "guid-2", circular_logging=True, in_backup_by="Acme"),
    MailboxDatabase("RDB1", "guid-3", mounted=False, recovery=True),
)
SURVEY = replace(
    storage.survey(), exchange=ExchangeServer("EX01", ExchangeVersion.EXCHANGE_2019, "DAG1", DATABASES)
)


def test_the_tree_tells_roles_and_states_down_to_the_arrays() -> None:
    lines = tree_text(SURVEY, storage.CLAIMS).splitlines()
    assert "    component DB01 - passive, mounted, 2 of 2 copies healthy" in lines
    assert "    component DB02 - mounted, circular logging, in backup by Acme" in lines
    assert "          array logs-name, array volume vol-l-name" in lines
    assert [line for line in lines if "in no component" in line] == [
        "  database RDB1, in no component - dismounted, recovery"
    ]


def test_the_tree_shows_host_volumes_once_for_what_lies_below_a_component() -> None:
    inner = replace(storage.database(1, selectable=False), caption="DB01 File")
    stray = replace(inner, caption="Stray", files=("S:\\stray",))
    beside = storage.host_volume("s", "S:\\", "naa.s")
    survey = replace(
        storage.survey(storage.E, storage.L, beside), components=(storage.database(1), inner, stray)
    )
    lines = tree_text(survey, {}).splitlines()
    assert lines.count("      host volume E:\\ (basic)") == 1
    assert lines.count("      host volume S:\\ (basic)") == 1


def test_the_tree_holds_exchange_as_data() -> None:
    exchange = tree_result(SURVEY, storage.CLAIMS)["exchange"]
    assert (exchange["dag"], exchange["version"]) == ("DAG1", 2019)
    assert [each["role"] for each in exchange["databases"]] == ["passive", "active", "active"]
    assert exchange["databases"][0]["last_full"] is None
    assert tree_result(storage.survey(), {})["exchange"] is None
