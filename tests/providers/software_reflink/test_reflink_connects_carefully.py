"""A store is used only after it has shown that it can be, and is known by an id of its own ever after."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.errors import ArrayRejected, BadInput
from orchestrator.lab.real.file_systems import SMALLEST_BYTES, loop_device, mounted, run
from providers.software_reflink.mapping import serial_lun_id, serial_of
from providers.software_reflink.provider import ReflinkProvider
from providers.software_reflink.store import Store
from tests.providers.software_reflink.stand import (
    LUNS,
    Stand,
    connected,
    files_open_below,
    lun_id,
    make_store,
    provider_for,
)


@pytest.mark.parametrize(
    "url",
    [
        "https://array.example",
        "file://host/srv/store",
        "file:srv/store",
        "file:///srv/../store",
        "file:///srv/store?x=1",
        "file:///srv/store#x",
        "file:///srv/%00",
    ],
)
def test_an_address_that_names_no_folder_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        provider_for(url)
    assert caught.value.code == "input.bad-settings"


def test_a_folder_with_a_blank_in_its_name_is_understood() -> None:
    assert provider_for("file:///srv/my%20store").local_paths == (Path("/srv/my store"),)


def test_the_store_itself_is_what_must_not_be_frozen(tmp_path: Path) -> None:
    assert provider_for(tmp_path).local_paths == (tmp_path,)
    assert not ReflinkProvider.needs_secret


async def refused(folder: Path) -> ArrayRejected:
    provider = provider_for(folder)
    with pytest.raises(ArrayRejected) as caught:
        await provider.connect()
    await provider.close()
    assert files_open_below(folder) == []
    return caught.value


async def test_a_folder_without_lun_files_is_no_store(tmp_path: Path) -> None:
    assert (await refused(tmp_path)).code == "array.store-not-usable"
    (tmp_path / "luns").symlink_to("/")
    assert (await refused(tmp_path)).code == "array.store-not-usable"
    assert not (tmp_path / ".quiesce").exists()


async def test_a_file_system_that_shares_no_blocks_is_refused_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.software_reflink.kernel.file_system_kind", lambda _: "0xef53")
    (tmp_path / "luns").mkdir()
    error = await refused(tmp_path)
    assert error.code == "array.cannot-reflink"
    assert "neither of xfs and btrfs" in error.what
    assert not (tmp_path / ".quiesce").exists()


@pytest.fixture
def plain_xfs(tmp_path: Path, needs_program: Callable[[str], str]) -> Iterator[Path]:
    """A folder on an XFS that was made without reflink."""
    needs_program("mkfs.xfs")
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    image = tmp_path / "plain.img"
    with image.open("xb") as file:
        file.truncate(SMALLEST_BYTES["xfs"])
    run("mkfs.xfs", "-q", "-m", "reflink=0", str(image))
    with loop_device(image) as device, mounted(device, tmp_path / "plain") as place:
        yield make_store(place / "store")


@pytest.mark.real
async def test_xfs_that_was_made_without_reflink_is_refused_by_trying(plain_xfs: Path) -> None:
    error = await refused(plain_xfs)
    assert not (plain_xfs / ".quiesce").exists()
    assert error.code == "array.cannot-reflink"
    assert error.vendor_code == "ENOTSUP"  # another name of EOPNOTSUPP
    assert "reflink=1" in error.remedy


@pytest.mark.real
async def test_a_store_has_one_id_for_ever(folder: Path) -> None:
    async with connected(folder) as provider:
        first = await provider.identify()
    async with connected(folder) as provider:
        assert await provider.identify() == first
    assert str(UUID(first.array_id)) == first.array_id
    assert (first.name, first.version, first.emulated) == (str(folder), platform.release(), False)
    assert first.product.startswith("Reflink store on ")
    assert oct((folder / ".quiesce").stat().st_mode & 0o777) == "0o700"


@pytest.mark.real
async def test_two_that_connect_for_the_first_time_agree_on_the_id(xfs_folder: Path) -> None:
    stores = [Store(xfs_folder, f"store-{number}") for number in range(8)]
    await asyncio.gather(*(asyncio.to_thread(store.open) for store in stores))
    assert len({store.array_id for store in stores}) == 1
    assert [path.name for path in (xfs_folder / ".quiesce").iterdir()] == ["store.json"]


@pytest.mark.real
@pytest.mark.parametrize("text", ["", "{}", "[]", '{"array_id": "not-one"}', '{"array_id": 7}'])
async def test_a_damaged_id_is_an_error_and_is_left_as_it_is(xfs_folder: Path, text: str) -> None:
    async with connected(xfs_folder):
        pass
    file = xfs_folder / ".quiesce" / "store.json"
    file.write_text(text)
    assert (await refused(xfs_folder)).code == "array.store-not-usable"
    assert file.read_text() == text


@pytest.mark.real
@pytest.mark.parametrize("spoil", ["others may enter", "another account", "no folder"])
async def test_a_private_folder_that_others_have_a_hand_in_is_refused(xfs_folder: Path, spoil: str) -> None:
    private = xfs_folder / ".quiesce"
    match spoil:
        case "others may enter":
            private.mkdir()
            private.chmod(0o750)
        case "another account":
            private.mkdir(mode=0o700)
            os.chown(private, 12345, 12345)
        case _:
            private.symlink_to(xfs_folder / "luns")
    error = await refused(xfs_folder)
    assert error.code == "array.store-not-usable"
    assert spoil in error.what


@pytest.fixture(params=["for the first time", "again"])
def read_only_folder(xfs_folder: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A store that is mounted read-only, at a place of its own."""
    if request.param == "again":
        Store(xfs_folder, "store-a").open()
    place = xfs_folder / "read-only"
    place.mkdir()
    run("mount", "--bind", str(xfs_folder), str(place))
    try:
        run("mount", "-o", "remount,bind,ro", str(place))
        yield place
    finally:
        run("umount", str(place))


@pytest.mark.real
async def test_a_store_that_cannot_be_written_to_is_refused(read_only_folder: Path) -> None:
    error = await refused(read_only_folder)
    assert error.code == "array.store-not-usable"
    assert error.vendor_code == "EROFS"


@pytest.mark.real
async def test_a_connected_store_says_what_it_can_do(stand: Stand) -> None:
    claims = stand.provider.capabilities
    assert claims.atomic_cut == stand.sealed
    assert 0.001 <= claims.clock_precision_s <= 0.05
    assert (claims.clones, claims.presents) == (True, True)


@pytest.mark.real
async def test_lun_files_are_found_by_device_and_inode_and_by_serial(stand: Stand) -> None:
    array_id = (await stand.provider.identify()).array_id
    wanted = lun_id(stand.luns / LUNS[0])
    serial = serial_lun_id(serial_of(array_id, LUNS[0]))
    found = await stand.provider.locate([wanted, serial, "file.0:0-1", "naa.6001", ""])
    assert set(found) == {wanted, serial}
    assert found[wanted] == found[serial] == stand.volumes[0]


@pytest.mark.real
async def test_only_regular_files_right_below_are_lun_files(xfs_stand: Stand) -> None:
    folder = xfs_stand.luns / "folder"
    folder.mkdir()
    (folder / "deep.img").write_bytes(b"x")
    os.mkfifo(xfs_stand.luns / "pipe")
    (xfs_stand.luns / "link.img").symlink_to(folder / "deep.img")
    others = [lun_id(path) for path in (folder / "deep.img", folder, xfs_stand.luns / "pipe")]
    assert await xfs_stand.provider.locate(others) == {}


def test_a_serial_fits_a_virtual_disk_and_depends_on_store_and_name() -> None:
    serials = {serial_of(store, name) for store in ("a", "b") for name in LUNS}
    assert len(serials) == 4
    assert all(len(serial) == 20 and serial.isalnum() and serial.isupper() for serial in serials)
    assert serial_of("5f0c", "db.img") == serial_of("5f0c", "db.img")


async def test_rights_in_vendor_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "luns").mkdir()
    (tmp_path / "luns" / "db.img").write_bytes(b"x")
    provider = provider_for(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr("providers.software_reflink.rights.is_administrator", lambda: False)
    assert await provider.missing_rights() == (
        f"read and write access to {tmp_path}/.quiesce",
        f"read access to {tmp_path}/luns",
    )
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("db.img"))
    assert await provider.missing_rights() == (
        f"read access to {tmp_path}/luns/db.img",
        "CAP_SYS_ADMIN, to present clones by loop devices and to remove snapshots of btrfs",
    )
