"""One FlashArray: a protection group of ours for each cut, made before the freeze and cut once inside it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.errors import ArrayRejected, BadInput, OrchestratorError
from orchestrator.model.arrays import (
    ArmedCut,
    ArrayIdentity,
    ArrayVolume,
    Capabilities,
    Clone,
    CutAnswer,
    CutMember,
    ObjectKind,
    ObjectState,
    OwnedObject,
    Presentation,
)
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import ClockSample, Cloner, CutToken, Presenter, Provider, ProviderContext
from providers.pure_flasharray import mapping
from providers.pure_flasharray.client import FlashArrayClient
from providers.pure_flasharray.errors import AlreadyThere, Destroyed, Gone, refusal_in_words
from providers.pure_flasharray.mapping import KeptRow, ReplicaRow, VolumeRow, where
from providers.pure_flasharray.presenting import Presenting
from providers.shared.rest import bad_answer

# Not published by the vendor and not measured on hardware: an assumption, on the long side.
REQUEST_LIFE_S: Final = 30.0

# As many as a shadow copy set holds host volumes. The array's own limit is not published.
VOLUMES_PER_CUT: Final = 64

# Where udev puts links named by identity. Only the lab's machines have them elsewhere.
DEVICE_FOLDER: Final = "/dev/disk/by-id"

_LOG_OUT_S: Final = 2.0


class FlashArraySettings(BaseModel):
    """Settings of a FlashArray beyond address, secret and CA file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request_life_s: float = Field(
        default=REQUEST_LIFE_S,
        gt=0,
        le=600,
        description="How long the array may still execute a request whose answer was lost, in seconds. "
        "Longer than the default for a slow array; shorter for an emulator only.",
    )
    present_to: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_:-]{0,255}$",
        description="The array's host object for this machine: clones are presented to it. Empty: to nobody.",
    )
    device_folder: str = Field(
        default=DEVICE_FOLDER,
        pattern=r"^/",
        description="Where devices are found by identity. Another folder than the default is for an emulator "
        "only, which says in its announcement (`fabric`) where it is.",
    )


class FlashArrayProvider(Provider, Cloner, Presenter):
    """Pure Storage FlashArray, Purity//FA with REST 2.4 or later."""

    kind: ClassVar[str] = "pure-flasharray"
    settings_model: ClassVar[type[BaseModel]] = FlashArraySettings
    capabilities: Capabilities = Capabilities(
        max_volumes_per_cut=VOLUMES_PER_CUT,
        clock_precision_s=0.001,
        request_life_s=REQUEST_LIFE_S,
        atomic_cut=True,
        clones=True,
        presents=True,
    )
    emulator: ClassVar[str | None] = "providers.pure_flasharray.emulator:FlashArrayEmulator"

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        address = urlsplit(context.url)
        if address.scheme != "https" or not address.hostname or address.username is not None:
            what = f"the address {context.url} is not of the form https://host"
            raise BadInput("input.bad-settings", what, subject=context.name)
        self._settings = FlashArraySettings.model_validate(settings)
        self.capabilities = replace(self.capabilities, presents=bool(self._settings.present_to))
        self._client = FlashArrayClient(context)
        self._presenting = Presenting(self._client, self._settings.present_to, self._settings.device_folder)
        self._array_id = ""

    async def connect(self) -> None:
        """Log in, and adjust the claims to this array.

        Raises:
            BadInput: a real array was given what only an emulator may be: a shorter request life than the
                default, or another device folder.
        """
        try:
            await self._client.connect()
            state = await self._client.array()
            self._array_id = state.row.id
            if not self._client.emulated:
                self._demand_settings_of_a_real_array()
            self.capabilities = replace(  # of this array only; the class keeps its own
                self.capabilities,
                request_life_s=self._settings.request_life_s,
                clock_precision_s=state.precision_s,
                presents=await self._presenting.possible(),
            )
        except BaseException:
            await self.close()
            raise

    def _demand_settings_of_a_real_array(self) -> None:
        what = ""
        if self._settings.request_life_s < REQUEST_LIFE_S:
            what = f"request_life_s may be shorter than {REQUEST_LIFE_S:g} for an emulator only"
        if self._settings.device_folder.rstrip("/") != DEVICE_FOLDER:
            what = f"device_folder may be another one than {DEVICE_FOLDER} for an emulator only"
        if what:
            raise BadInput("input.bad-settings", what, subject=self._client.subject)

    async def close(self) -> None:
        """Log out and drop every connection."""
        try:
            with suppress(OrchestratorError, TimeoutError):
                async with asyncio.timeout(_LOG_OUT_S):
                    await self._client.log_out()
        finally:
            await self._client.close()

    # ---------------------------------------------------------------- looking

    async def identify(self) -> ArrayIdentity:
        """Tell which array this is."""
        row = (await self._client.array()).row
        return ArrayIdentity(row.id, row.name, row.os, row.version, emulated=self._client.emulated)

    async def clock(self) -> ClockSample:
        """Read the array's wall clock."""
        return ClockSample((await self._client.array()).at)

    async def missing_rights(self) -> Sequence[str]:
        """Name the role that the account lacks, if it does, and what is missing for presenting."""
        role = await self._client.role()
        suffices = role in mapping.SUFFICIENT_ROLES
        wanted = f"role {' or '.join(mapping.SUFFICIENT_ROLES)}; the account's is {role or 'not shown'}"
        lacking = () if suffices else (wanted,)
        return (*lacking, *await self._presenting.missing(role_suffices=suffices))

    async def locate(self, lun_ids: Sequence[str]) -> Mapping[str, ArrayVolume]:
        """Find the array volumes behind LUN identities, NAA or EUI."""
        serials = {lun_id: serial for lun_id in lun_ids if (serial := mapping.serial_of(lun_id))}
        found = {row.serial: mapping.array_volume(row) for row in await self._rows(set(serials.values()))}
        return {lun_id: found[serial] for lun_id, serial in serials.items() if serial in found}

    async def owned(self, prefix: str) -> Sequence[OwnedObject]:
        """List protection groups, their cuts, and clones whose names start with `prefix`."""
        return [
            mapping.owned_object(kind, row)
            for kind in ObjectKind
            for row in await self._client.kept(kind, where("name", f"{prefix}*"))
            if row.name.startswith(prefix)
        ]

    # ---------------------------------------------------------------- the cut

    async def arm(self, volumes: Sequence[ArrayVolume], names: ObjectNames) -> ArmedCut:
        """Make the protection group, check its members by id, and try the cut where a dry run exists."""
        rows = await self._cuttable(volumes, names)
        if mapping.is_full((await self._client.array()).row):
            raise self._rejected("array.full", "every byte of its capacity is in use")
        group = names.stem
        try:
            with suppress(AlreadyThere):  # ours: nobody else makes this name. Its members are compared next
                await self._client.make_group(group)
        except Destroyed as error:
            raise self._rejected("array.name-taken", error.what) from error
        await self._fill(group, rows)
        if await self._client.kept(ObjectKind.CUT, where("name", mapping.cut_name(names))):
            raise self._rejected("array.name-taken", f"{mapping.cut_name(names)} exists already")
        trial = await self._client.try_cut(group)
        if trial is not None and not trial.success:
            raise refusal_in_words(trial.result_details or "the dry run failed", subject=self._client.subject)
        return ArmedCut(names, tuple(volumes))

    async def commit(self, armed: ArmedCut, token: CutToken) -> CutAnswer:
        """Cut the protection group: one request, on a warm connection."""
        row = await self._client.cut(armed.names.stem, token, self._array_id)
        if row.name != mapping.cut_name(armed.names):
            raise bad_answer(f"the cut was answered as {row.name}", self._client.subject)
        return CutAnswer(row.object_id, row.name)

    async def confirm(self, armed: ArmedCut, answer: CutAnswer) -> Sequence[CutMember]:
        """List the replicas of the cut.

        Raises:
            ArrayRejected: `array.members-changed` when the protection group was edited,
                `array.partial-cut` when a replica is missing or the cut is not of one instant.
        """
        planned = sorted(item.volume_id for item in armed.volumes)
        replicas = await self._client.replicas(where("name", f"{answer.cut_name}.*"))
        cut = sorted(row.source.id for row in replicas)
        if await self._client.member_ids(armed.names.stem) != set(planned) or set(cut) - set(planned):
            what = f"{armed.names.stem} has other members than it was armed with"
            raise self._rejected("array.members-changed", what)
        if cut != planned or any(row.destroyed for row in replicas):
            raise self._rejected(
                "array.partial-cut", f"{answer.cut_name} does not hold every planned replica"
            )
        if len({row.created for row in replicas}) != 1:
            raise self._rejected("array.partial-cut", f"{answer.cut_name} is not of one instant")
        return [mapping.cut_member(row) for row in replicas]

    async def clone(self, members: Sequence[CutMember], names: ObjectNames) -> Sequence[Clone]:
        """Make one array volume per replica, numbered in the order of the replicas' names."""
        ordered = sorted(member.replica_name for member in members)
        replicas: dict[str, ReplicaRow] = {}
        for batch in mapping.batches(ordered):
            replicas |= {row.name: row for row in await self._client.replicas(where("name", *batch))}
        for member in members:
            row = replicas.get(member.replica_name)
            if row is None or row.destroyed or row.id != member.replica_id:
                raise self._rejected("array.rejected", f"the replica {member.replica_name} is gone")
        return [
            await self._clone(member, mapping.clone_name(names, ordered.index(member.replica_name) + 1))
            for member in members
        ]

    # ---------------------------------------------------------------- presenting

    async def present(self, volumes: Sequence[ArrayVolume]) -> Sequence[Presentation]:
        """Connect clones to the host object that `present_to` names. Says where they will turn up."""
        return await self._presenting.present(volumes)

    async def withdraw(self, volumes: Sequence[ArrayVolume]) -> None:
        """Undo our own connections of clones to that host object; those of others stay."""
        await self._presenting.withdraw({volume.volume_id for volume in volumes})

    # ---------------------------------------------------------------- removing

    async def abort(self, armed: ArmedCut) -> None:
        """Remove the protection group, which every cut of it needs, and which takes its cuts along."""
        stem = armed.names.stem
        for row in await self._client.kept(
            ObjectKind.CONSISTENCY_GROUP, where("name", stem, stem + mapping.VOID)
        ):
            await self._remove(ObjectKind.CONSISTENCY_GROUP, row)

    async def delete(self, objects: Sequence[OwnedObject]) -> Sequence[OwnedObject]:
        """Delete exactly these; protection groups last, and only when nothing else is in them.

        Raises:
            ArrayRejected: `array.in-use`; somebody has connected a clone elsewhere. Nothing was deleted.
        """
        await self._presenting.release(await self._live_clones(objects))
        order = (ObjectKind.CUT, ObjectKind.CLONE, ObjectKind.CONSISTENCY_GROUP)
        return [
            replace(item, state=ObjectState.VOID_PENDING)
            for item in sorted(objects, key=lambda item: order.index(item.kind))
            if not await self._delete(item)
        ]

    async def _delete(self, item: OwnedObject) -> bool:
        """Delete one object; tell whether it is erased."""
        rows = await self._client.kept(item.kind, where("name", item.name))
        row = next((row for row in rows if row.object_id == item.object_id), None)
        if row is None:
            return True
        if item.kind is ObjectKind.CONSISTENCY_GROUP:
            for cut in await self._client.kept(ObjectKind.CUT, where("name", f"{item.name}.*")):
                if not cut.destroyed:
                    raise self._rejected("array.rejected", f"{item.name} still holds {cut.name}")
        return await self._remove(item.kind, row)

    async def _live_clones(self, objects: Sequence[OwnedObject]) -> list[VolumeRow]:
        """Return those of the objects that are clones and still there."""
        ids = {item.name: item.object_id for item in objects if item.kind is ObjectKind.CLONE}
        return [
            row
            for batch in mapping.batches(sorted(ids))
            for row in await self._client.volumes(where("name", *batch))
            if row.id == ids.get(row.name) and not row.destroyed
        ]

    async def _remove(self, kind: ObjectKind, row: KeptRow) -> bool:
        """Destroy and erase; tell whether it is erased. What SafeMode keeps is made useless at least."""
        try:
            if not row.destroyed:
                await self._client.destroy(kind, row.name)
        except Gone:
            return True
        except Destroyed:
            pass
        except ArrayRejected:
            if kind is not ObjectKind.CONSISTENCY_GROUP or row.retention_lock != mapping.RATCHETED:
                raise
            await self._put_aside(row.name)
            return False
        try:
            await self._client.eradicate(kind, row.name)
        except Gone:
            return True
        except ArrayRejected as error:
            if error.code != "array.rejected":
                raise
            return False  # destroyed all the same: void, and erased by the array itself in time
        return True

    async def _put_aside(self, group: str) -> None:
        """Rename a locked protection group, so that no request for a cut finds it, and destroy its cuts."""
        void = group if group.endswith(mapping.VOID) else group + mapping.VOID
        if void != group:
            await self._client.rename_group(group, void)
        for cut in await self._client.kept(ObjectKind.CUT, where("name", f"{void}.*")):
            if not cut.destroyed:
                with suppress(Gone, Destroyed):
                    await self._client.destroy(ObjectKind.CUT, cut.name)

    # ---------------------------------------------------------------- steps of the above

    async def _rows(self, serials: set[str]) -> list[VolumeRow]:
        """Return the live array volumes with these serials."""
        return [
            row
            for batch in mapping.batches(sorted(serials))
            for row in await self._client.volumes(where("serial", *batch))
            if not row.destroyed
        ]

    async def _cuttable(self, volumes: Sequence[ArrayVolume], names: ObjectNames) -> list[VolumeRow]:
        """Read the planned array volumes again, and refuse those that a cut of ours cannot hold."""
        serials = {mapping.serial_of(item.lun_id) or "" for item in volumes}
        rows = {row.id: row for row in await self._rows(serials)}
        for item in volumes:
            row = rows.get(item.volume_id)
            reason = "it is gone" if row is None else mapping.unsupported(row, names)
            if reason:
                raise self._rejected("array.volume-not-supported", f"{item.name} cannot be cut: {reason}")
        return list(rows.values())

    async def _fill(self, group: str, rows: Sequence[VolumeRow]) -> None:
        """Bring the members in, and check by immutable ids that they and nothing else are in."""
        there = await self._client.member_ids(group)
        for batch in mapping.batches([row.name for row in rows if row.id not in there]):
            await self._client.add_members(group, batch)
        if await self._client.member_ids(group) != {row.id for row in rows}:
            raise self._rejected("array.members-changed", f"somebody else edits {group}")

    async def _clone(self, member: CutMember, name: str) -> Clone:
        try:
            row = await self._client.clone(name, member.replica_name)
        except AlreadyThere:
            (row,) = await self._client.volumes(where("name", name))
            if not mapping.is_clone_of(row, member):
                raise
        return Clone(member.replica_id, mapping.array_volume(row))

    def _rejected(self, code: str, what: str) -> ArrayRejected:
        return ArrayRejected(what, subject=self._client.subject, code=code)
