"""What the lab's hosts see of an emulated array: links by identity to bytes of what is presented to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.plugin import LabOptions
from providers.pure_flasharray.emulator import FlashArrayEmulator
from tests.providers.pure_flasharray.emulator.rest_caller import MIB, RestCaller


def seen(emulator: FlashArrayEmulator) -> dict[str, dict[str, str]]:
    """Return what each host sees: names of links, and what they lead to."""
    fabric = Path(emulator.describe()["fabric"])
    return {
        host.name: {link.name: str(link.readlink()) for link in host.iterdir()} for host in fabric.iterdir()
    }


def link(emulator: FlashArrayEmulator, volume: str) -> dict[str, str]:
    (row,) = [row for row in emulator.describe()["volumes"] if row["name"] == volume]
    return {f"wwn-0x{row['lun_id'].removeprefix('naa.')}": row["path"]}


async def test_a_volume_turns_up_at_its_host_and_goes_again(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    await admin.post("hosts", names="h1,h2")
    assert seen(emulator) == {"h1": {}, "h2": {}}
    await admin.post("connections", host_names="h1", volume_names="db")
    await admin.post("connections", host_names="h1", volume_names="log")
    assert seen(emulator) == {"h1": link(emulator, "db") | link(emulator, "log"), "h2": {}}
    await admin.delete("connections", host_names="h1", volume_names="db")
    assert seen(emulator) == {"h1": link(emulator, "log"), "h2": {}}
    await admin.delete("connections", host_names="h1", volume_names="log")
    await admin.delete("hosts", names="h1")
    assert seen(emulator) == {"h2": {}}


async def test_a_host_sees_what_is_presented_to_its_host_group(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    await admin.post("hosts", names="h1,h2")
    await admin.post("host-groups", names="hg")
    await admin.post("connections", host_group_names="hg", volume_names="db")
    await admin.post("host-groups/hosts", group_names="hg", member_names="h1")
    await admin.patch("hosts", {"host_group": {"name": "hg"}}, names="h2")
    assert seen(emulator) == {"h1": link(emulator, "db"), "h2": link(emulator, "db")}
    await admin.delete("host-groups/hosts", group_names="hg", member_names="h1")
    assert seen(emulator) == {"h1": {}, "h2": link(emulator, "db")}


async def test_a_renamed_host_sees_the_same(admin: RestCaller, emulator: FlashArrayEmulator) -> None:
    await admin.post("hosts", names="h1")
    await admin.post("connections", host_names="h1", volume_names="db")
    await admin.patch("hosts", {"name": "h9"}, names="h1")
    assert seen(emulator) == {"h9": link(emulator, "db")}


def test_host_objects_may_be_there_from_the_beginning(tmp_path: Path) -> None:
    options = LabOptions(home=tmp_path / "array", volumes={"db": MIB}, hosts=("h1", "h2"))
    assert seen(FlashArrayEmulator(options)) == {"h1": {}, "h2": {}}


@pytest.mark.parametrize("hosts", [("h1", "h1"), ("../escape",), ("",)])
def test_host_objects_with_impossible_names_are_refused(tmp_path: Path, hosts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="name"):
        FlashArrayEmulator(LabOptions(home=tmp_path / "array", hosts=hosts))
