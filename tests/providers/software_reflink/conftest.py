"""Real file systems, one of each kind for all tests; every test has a store of its own on them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from orchestrator.lab.real.file_systems import made_file_system
from providers.software_reflink.provider import ReflinkProvider
from tests.providers.software_reflink.stand import (
    Stand,
    connected,
    devices_over,
    files_open_below,
    make_store,
)

SIZE_BYTES = 2 << 30
SERIAL = count(1)


def file_system(kind: str, folder: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    with made_file_system(kind, folder / f"{kind}.img", folder / kind, SIZE_BYTES) as made:
        yield made.mount_point
        left = devices_over(made.mount_point)
    assert left == []


@pytest.fixture(scope="session")
def xfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An XFS whose files can share blocks."""
    yield from file_system("xfs", tmp_path_factory.mktemp("xfs"))


@pytest.fixture(scope="session")
def btrfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A btrfs."""
    yield from file_system("btrfs", tmp_path_factory.mktemp("btrfs"))


def store_on(kind: str, request: pytest.FixtureRequest, needs_program: Callable[[str], str]) -> Path:
    on, _, subvolume = kind.partition("-")
    for program in (f"mkfs.{on}", "losetup", *(["btrfs"] if subvolume else [])):
        needs_program(program)
    place: Path = request.getfixturevalue(on)
    return make_store(place / f"store-{next(SERIAL)}", subvolume=bool(subvolume))


@pytest.fixture(params=["xfs", "btrfs", "btrfs-subvolume"])
def folder(request: pytest.FixtureRequest, needs_program: Callable[[str], str]) -> Iterator[Path]:
    """A store with two LUN files, on each kind of file system."""
    folder = store_on(request.param, request, needs_program)
    yield folder
    assert files_open_below(folder) == []
    assert devices_over(folder) == []


@pytest.fixture
def xfs_folder(request: pytest.FixtureRequest, needs_program: Callable[[str], str]) -> Iterator[Path]:
    """A store with two LUN files, on XFS alone."""
    folder = store_on("xfs", request, needs_program)
    yield folder
    assert files_open_below(folder) == []
    assert devices_over(folder) == []


@pytest.fixture
def subvolume_folder(request: pytest.FixtureRequest, needs_program: Callable[[str], str]) -> Iterator[Path]:
    """A store whose LUN files are in one subvolume."""
    folder = store_on("btrfs-subvolume", request, needs_program)
    yield folder
    assert files_open_below(folder) == []
    assert devices_over(folder) == []


@pytest.fixture
async def provider(folder: Path) -> AsyncIterator[ReflinkProvider]:
    """A provider that is connected to it."""
    async with connected(folder) as provider:
        yield provider


@pytest.fixture
async def stand(folder: Path, provider: ReflinkProvider) -> Stand:
    """The plan of one cut of both LUN files."""
    return await Stand.plan(folder, provider)


@pytest.fixture
async def xfs_stand(xfs_folder: Path) -> AsyncIterator[Stand]:
    """The same on XFS alone, where files are cut one by one."""
    async with connected(xfs_folder) as provider:
        yield await Stand.plan(xfs_folder, provider)


@pytest.fixture
async def subvolume_stand(subvolume_folder: Path) -> AsyncIterator[Stand]:
    """The same on btrfs, where the subvolume is cut as a whole."""
    async with connected(subvolume_folder) as provider:
        yield await Stand.plan(subvolume_folder, provider)
