from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.facts import MapRow
from orchestrator.model.hosts import Component
from orchestrator.policy.presentation import (
    OwnerNodes,
    PresentationTarget,
    check_presentation,
    flag_shared_luns,
    same_machine,
)
from orchestrator.policy.topology import Topology
from tests.orchestrator.policy.exchange_server import TABLES, component, database, said, server
from tests.orchestrator.policy.storage import host_volume

WWN = "50:01:43:80:12:34:56:78"
OWNERS = OwnerNodes(
    ("EX01", "node2.corp.example"), {"EX01": (WWN,), "node2.corp.example": ("iqn.1998-01.a:n2",)}
)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("EX01", "ex01", True),
        ("EX01", "ex01.corp.example", True),
        ("ex01.corp.example.", "EX01.CORP.EXAMPLE", True),
        ("ex01.corp.example", "ex01.other.example", False),
        ("EX01", "EX011", False),
        ("EXCHANGE-MAILBO", "exchange-mailbox-01.corp.example", True),
        ("EXCHANGE-MAILB", "exchange-mailbox-01.corp.example", False),
        ("EX01", "EX02", False),
    ],
)
def test_a_machine_is_known_by_its_short_and_its_long_name(one: str, other: str, *, same: bool) -> None:
    assert same_machine(one, other) is same
    assert same_machine(other, one) is same


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        (PresentationTarget("verify-1", ("50:01:43:80:00:00:00:01",)), 0),
        (PresentationTarget("ex01.corp.example"), 1),
        (PresentationTarget("verify-1", ("5001438012345678",)), 1),
        (PresentationTarget("verify-1", ("0x5001438012345678",)), 1),
        (PresentationTarget("verify-1", ("naa.5001438012345678",)), 1),
        (PresentationTarget("verify-1", ("wwn-0x5001438012345678",)), 1),
        (PresentationTarget("verify-1", ("IQN.1998-01.a:N2",)), 1),
        (PresentationTarget("verify-1", ("iqn.1998-01.a:n22",)), 0),
        (PresentationTarget("verify-1", ("iqn.1998-01.an2",)), 0),
        (PresentationTarget("EX01", (WWN,)), 1),
    ],
)
def test_who_has_the_source_is_found_by_name_or_by_port(target: PresentationTarget, refused: int) -> None:
    findings = check_presentation([PresentationTarget("verify-2"), target], OWNERS)
    assert said(findings) == [("policy.presented-to-owner", target.name, True)] * refused


def test_one_port_of_another_node_refuses_a_target_as_well() -> None:
    mixed = PresentationTarget("EX01", ("iqn.1998-01.a:n2",))
    assert [one.text.partition(",")[0] for one in check_presentation([mixed], OWNERS)] == [
        "It is EX01",
        "It is node2.corp.example",
    ]


def test_the_owners_are_the_nodes_of_the_cluster_and_the_server_itself() -> None:
    survey = server(cluster_nodes=("NODE1", "NODE2"), name="MAIL")
    assert OwnerNodes.of(survey) == OwnerNodes(("NODE1", "NODE2", "MAIL"))
    assert OwnerNodes.of(replace(survey, exchange=None), {"NODE1": (WWN,)}) == OwnerNodes(
        ("NODE1", "NODE2"), {"NODE1": (WWN,)}
    )


# ------------------------------------------------------------------ several databases on one LUN

E, L1, L2 = (
    host_volume("e", "E:\\", "naa.e"),
    host_volume("l1", "L:\\DB01\\", "naa.l1"),
    host_volume("l2", "L:\\DB02\\", "naa.l2"),
)


def rows(*placed: tuple[str, str, str]) -> Topology:
    return Topology(
        tuple(MapRow("some file", home, lun, "array-1", f"volume-{lun}") for home, lun, _ in placed), (), {}
    )


def test_databases_on_one_lun_are_flagged_also_those_that_are_not_selected() -> None:
    survey = server(database("DB01"), database("DB02"), host_volumes=(E, L1, L2))
    of_db01 = rows((E.name, "naa.e", ""), (L1.name, "naa.l1", ""))
    (finding,) = flag_shared_luns(survey, of_db01)
    assert said([finding]) == [("policy.shared-lun", "naa.e", False)]
    assert "DB01, DB02" in finding.text


def test_databases_on_two_host_volumes_of_one_lun_are_flagged() -> None:
    survey = server(database("DB01"), database("DB02"), host_volumes=(L1, L2))
    both = rows((L1.name, "naa.l", ""), (L2.name, "naa.l", ""))
    assert said(flag_shared_luns(survey, both)) == [("policy.shared-lun", "naa.l", False)]


def test_databases_with_luns_of_their_own_are_not_flagged() -> None:
    survey = server(database("DB01"), database("DB02"), host_volumes=(L1, L2))
    assert flag_shared_luns(survey, rows((L1.name, "naa.l1", ""), (L2.name, "naa.l2", ""))) == ()
    assert flag_shared_luns(server(database("DB01"), database("DB02")), rows()) == ()


def test_logs_that_only_a_part_of_a_component_lists_are_seen_as_its_own() -> None:
    whole = [replace(component(name), files=()) for name in ("DB01", "DB02")]
    parts = [
        Component("store-1", rf"{one.logical_path}\{one.name}", "Logs", f"{one.caption} Logs", False, (file,))
        for one, file in zip(whole, (r"L:\DB01\E00.log", r"L:\DB02\E01.log"), strict=True)
    ]
    survey = server(host_volumes=(L1, L2), components=(*whole, *parts, TABLES))
    (finding,) = flag_shared_luns(survey, rows((L1.name, "naa.l", ""), (L2.name, "naa.l", "")))
    assert said([finding]) == [("policy.shared-lun", "naa.l", False)]
    assert "It carries DB01, DB02:" in finding.text


def test_other_applications_on_a_lun_are_not_this_rules_business() -> None:
    survey = server(
        database("DB01"), host_volumes=(E,), components=(component("DB01"), replace(TABLES, files=(r"E:\x",)))
    )
    assert flag_shared_luns(survey, rows((E.name, "naa.e", ""))) == ()
