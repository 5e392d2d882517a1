"""Identity, permission and settings, from made-up files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts import fsfreeze
from orchestrator.hosts.fsfreeze.coordinator import FsfreezeCoordinator, FsfreezeSettings
from orchestrator.hosts.fsfreeze.identity import MACHINE_ID, PRODUCT_UUID, identity_of_this_machine
from orchestrator.hosts.fsfreeze.permission import demand_permission
from orchestrator.plugin import ProviderContext, Secret

NUMBER = "3d1219c7c4c5404aaa1f6d2a48adfda4"
UUID = "3D1219C7-C4C5-404A-AA1F-6D2A48ADFDA4"


def put(root: Path, place: str, text: str) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text(text)


def test_a_machine_is_known_by_a_hash_of_its_machine_id(tmp_path: Path) -> None:
    put(tmp_path, MACHINE_ID, f"{NUMBER}\n")
    identity = identity_of_this_machine(tmp_path)
    # Fixed for ever: another one would make strangers of all registered hosts.
    assert identity.host_id == "linux-6703d8228d7ba518c70d337e2e6f1af3"
    assert NUMBER not in str(identity)
    put(tmp_path, MACHINE_ID, f"{NUMBER[:-1]}0\n")
    assert identity_of_this_machine(tmp_path).host_id != identity.host_id


@pytest.mark.parametrize("unset", [None, "", "uninitialized\n", "0" * 32, "f" * 32, "no number", "\xff"])
def test_without_one_the_mainboard_has_to_do(tmp_path: Path, unset: str | None) -> None:
    if unset is not None:
        put(tmp_path, MACHINE_ID, unset)
    put(tmp_path, PRODUCT_UUID, f"{UUID}\n")
    assert identity_of_this_machine(tmp_path).host_id.startswith("linux-")


def test_a_machine_that_cannot_be_told_from_others_is_refused(tmp_path: Path) -> None:
    put(tmp_path, PRODUCT_UUID, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n")
    with pytest.raises(HostError) as refused:
        identity_of_this_machine(tmp_path)
    assert refused.value.code == "host.no-identity"


@pytest.mark.parametrize(
    ("effective", "may"),
    [("000001ffffffffff", True), ("0000000000200000", True), ("000001ffffdfffff", False), ("0", False)],
)
def test_permission_is_a_capability_and_not_a_name(tmp_path: Path, effective: str, may: bool) -> None:
    put(tmp_path, "status", f"Name:\tpython\nCapPrm:\t000001ffffffffff\nCapEff:\t{effective}\nCapBnd:\t0\n")
    if may:
        demand_permission("here", tmp_path / "status")
        return
    with pytest.raises(HostError, match="CAP_SYS_ADMIN") as refused:
        demand_permission("here", tmp_path / "status")
    assert (refused.value.code, refused.value.subject) == ("host.not-permitted", "here")


async def test_who_may_not_freeze_is_told_when_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise HostError("host.not-permitted", "no", subject=name)

    monkeypatch.setattr("orchestrator.hosts.fsfreeze.coordinator.demand_permission", refuse)
    with pytest.raises(HostError, match="here: no"):
        await FsfreezeCoordinator(
            ProviderContext("here", "file:///", Secret("")), FsfreezeSettings()
        ).connect()


@pytest.mark.parametrize("url", ["file:///mnt", "https://host", "", "file://host/"])
async def test_only_this_machine_can_be_meant(url: str) -> None:
    here = FsfreezeCoordinator(ProviderContext("here", url, Secret("")), FsfreezeSettings())
    with pytest.raises(BadInput, match="file:///"):
        await here.connect()


def test_leases_lie_at_an_absolute_path() -> None:
    with pytest.raises(ValidationError, match="absolute"):
        FsfreezeSettings(runtime_folder=Path("run"))


def test_the_kind_is_offered_through_the_common_door() -> None:
    offered: list[object] = []
    fsfreeze.register_host_coordinators(offered.append)
    assert offered == [FsfreezeCoordinator]
