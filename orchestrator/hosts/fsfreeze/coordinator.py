"""The coordinator of this machine's own file systems."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, field_validator

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.fsfreeze.examination import examination
from orchestrator.hosts.fsfreeze.identity import identity_of_this_machine
from orchestrator.hosts.fsfreeze.local_paths import volumes_under
from orchestrator.hosts.fsfreeze.permission import demand_permission
from orchestrator.hosts.linux.survey import HostFileSystem, linux_survey
from orchestrator.hosts.watchdog.held_set import open_held_set, recover_held_set
from orchestrator.hosts.watchdog.hold import HoldSpec
from orchestrator.hosts.watchdog.lease import RUNTIME_FOLDER
from orchestrator.hosts.watchdog.protocol import reading
from orchestrator.hosts.watchdog.threads import begin
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import Component, HostCheck, HostIdentity, Survey
from orchestrator.plugin import HostCoordinator, HostSet, ProviderContext, SetPlan

T = TypeVar("T")

KIND: Final = "fsfreeze"
URL: Final = "file:///"
HOLD: Final = "orchestrator.hosts.fsfreeze.hold:IoctlHold"
LOOK_S: Final = 15.0  # a second even with thousands of mounts
# What the kernel can freeze, of what lies on block devices; for each one a freeze flushes its journal or
# log. A freeze of a cluster's file system (gfs2, ocfs2) would stop other machines as well.
FREEZABLE: Final = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "nilfs2"})


class FsfreezeSettings(BaseModel):
    """Settings of the kind `fsfreeze`.

    Attributes:
        runtime_folder: where leases lie: on a tmpfs, never on what is to be frozen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    runtime_folder: Path = RUNTIME_FOLDER

    @field_validator("runtime_folder")
    @classmethod
    def _is_absolute(cls, value: Path) -> Path:
        if not value.is_absolute():
            raise ValueError("an absolute path is needed")
        return value


class FsfreezeCoordinator(HostCoordinator):
    """This machine. Nothing stays open between two calls but a set, which a watchdog holds."""

    kind: ClassVar = KIND
    settings_model: ClassVar = FsfreezeSettings
    needs_secret: ClassVar = False
    ceiling = Grade.FILE_SYSTEM_CONSISTENT

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        assert isinstance(settings, FsfreezeSettings)  # noqa: S101 - the registry made it by our model
        self._name = context.name
        self._url = context.url
        self._runtime_folder = settings.runtime_folder

    async def connect(self) -> None:
        """Check that this process may freeze."""
        if self._url != URL:
            what = f"file systems are frozen on this machine only: the url is {URL}, not {self._url}"
            raise BadInput("input.bad-settings", what, subject=self._name)
        await asyncio.to_thread(demand_permission, self._name)

    async def close(self) -> None:
        """Nothing is open; a set stays with its watchdog."""

    async def identify(self) -> HostIdentity:
        """Tell which machine this is."""
        return await asyncio.to_thread(identity_of_this_machine)

    async def survey(self) -> Survey:
        """Read every file system; what can be frozen is offered as a component."""
        return await self._looked(_survey)

    async def volumes_under(self, paths: Sequence[Path]) -> Mapping[Path, Sequence[str]]:
        """Return the names of the host volumes that paths lie on, and of those below these."""
        return await self._looked(lambda: volumes_under(paths, linux_survey()))

    async def examine(self) -> Sequence[HostCheck]:
        """Say which file systems can be frozen, and whether another set holds them."""
        return await self._looked(lambda: tuple(examination(_obstacles(), self._runtime_folder, KIND)))

    async def open(self, plan: SetPlan) -> HostSet:
        """Look again, refuse what must not be frozen, and start the watchdog that will hold the rest."""
        file_systems = await self._looked(lambda: self._selected(plan.host_volumes))
        spec = HoldSpec(HOLD, {"file_systems": [_held(one) for one in file_systems]})
        return await open_held_set(plan, spec, self._runtime_folder, KIND)

    async def recover(self, set_id: str, fence: int) -> None:
        """Thaw what a dead process left behind."""
        await recover_held_set(self._runtime_folder, set_id, fence)

    async def _looked(self, look: Callable[[], T]) -> T:
        """Look at this machine in a thread that may have to be left behind.

        A file below a loop device may lie on a server that stands still: whoever looks at it waits with it.
        """
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + LOOK_S):
                return await begin(look, to_its_end=False)
        except TimeoutError:
            what = f"some file system or some file below a loop device has not answered within {LOOK_S:g} s"
            raise HostError("host.survey-failed", what, subject=self._name) from None

    def _selected(self, names: Sequence[str]) -> Sequence[HostFileSystem]:
        """Return the file systems of a set.

        Raises:
            HostError: `host.not-mounted`, `host.not-freezable`.
        """
        there = {one.volume.name: one for one in linux_survey()}
        if missing := sorted(set(names) - there.keys()):
            raise HostError("host.not-mounted", "it is not mounted", subject=missing[0])
        selected = [there[name] for name in names]
        for one in selected:
            if obstacle := _obstacle(one):
                raise HostError("host.not-freezable", obstacle, subject=one.volume.name)
        for needed in volumes_under((self._runtime_folder,), tuple(there.values())).values():
            for name in set(needed) & set(names):
                what = f"the leases lie on it, in {self._runtime_folder}"
                raise HostError("host.not-freezable", what, subject=name)
        return selected


def _survey() -> Survey:
    there = linux_survey()
    components = tuple(_component(one) for one in there if _obstacle(one) is None)
    return Survey((), components, tuple(one.volume for one in there), reading())


def _obstacles() -> Mapping[str, str | None]:
    there = linux_survey()
    return {(one.volume.mount_points or (one.volume.name,))[0]: _obstacle(one) for one in there}


def _obstacle(one: HostFileSystem) -> str | None:
    """Say why a file system is not to be frozen; None if nothing stands in the way."""
    if one.kind not in FREEZABLE:
        return f"it is {one.kind}: we freeze {', '.join(sorted(FREEZABLE))} only"
    if not one.st_devs:
        return "others are mounted over all its mount points"
    if os.stat("/").st_dev in one.st_devs.values():  # noqa: PTH116 - the machine's own root
        return "it is this machine's root: nothing could be logged in to or started any more"
    return None


def _component(one: HostFileSystem) -> Component:
    place = one.volume.mount_points[0]
    files = (place.rstrip("/") + "/",)
    return Component("", "", one.volume.name, place, selectable=True, files=files)


def _held(one: HostFileSystem) -> Mapping[str, Any]:
    return {"device": one.volume.name, "mount_points": dict(one.st_devs)}
