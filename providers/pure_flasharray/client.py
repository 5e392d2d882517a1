"""FlashArray's REST API 2: one method a call, answers as typed rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from pydantic import ValidationError

from orchestrator.errors import ArrayError, BadInput, Refused
from orchestrator.model.arrays import ObjectKind
from orchestrator.plugin import CutToken, ProviderContext
from providers.pure_flasharray.errors import Gone, refusal, words_of
from providers.pure_flasharray.mapping import (
    RESOURCES,
    SUFFIX,
    AdminRow,
    ArrayRow,
    ConnectionRow,
    HostRow,
    KeptRow,
    LoginRow,
    MembershipRow,
    PageRow,
    ReplicaRow,
    Row,
    TrialRow,
    VersionsRow,
    VolumeRow,
    clock_of,
)
from providers.shared.rest import Answer, Patience, RestArray, bad_answer

# The versions we know, best first; the array's newest may mean something else by the same words. Protection
# groups came with 2.1, /arrays with 2.2, default protection with 2.16, dry runs with 2.25 (the vendor's SDK).
VERSIONS: Final = ("2.26", "2.4")

AnyRow = TypeVar("AnyRow", bound=Row)


@dataclass(frozen=True, slots=True)
class ArrayState:
    """The array, its wall clock (UTC) as it answered, and the grain of that clock in seconds."""

    row: ArrayRow
    at: datetime
    precision_s: float


class FlashArrayClient:
    """One array. `connect` first, `close` last; the array's own objects are named as the array names them."""

    # Everything that copies array volumes as they are at that moment, and whatever makes the copies in a pod
    # part from one another. None of these can be sent without a token.
    cuts: Final = frozenset(
        {
            ("POST", "/protection-group-snapshots"),
            ("POST", "/volume-snapshots"),
            ("POST", "/volume-snapshots/batch"),
            ("POST", "/volumes/batch"),
            ("POST", "/pods"),
            ("PATCH", "/pods"),
            ("DELETE", "/pods/arrays"),
            ("DELETE", "/pods/members"),
            ("PATCH", "/pod-replica-links"),
            ("DELETE", "/pod-replica-links"),
        }
    )

    def __init__(self, context: ProviderContext, patience: Patience | None = None) -> None:
        self._secret = context.secret
        self._rest = RestArray(context, self, patience)
        self._version = VERSIONS[-1]
        self._username = ""

    @property
    def subject(self) -> str:
        """What errors call the array."""
        return self._rest.subject

    @property
    def emulated(self) -> bool:
        """Whether the array has said of itself that it is an emulator."""
        return self._rest.emulated

    async def connect(self) -> None:
        """Agree on a version, and log in. Both connections are proven afterwards."""
        await self._rest.open()
        answer = await self._rest.anonymous("GET", "/api/api_version")
        listed = self._row(answer.body, VersionsRow).version
        self._version = next((version for version in VERSIONS if version in listed), "")
        if not self._version:
            what = f"it speaks none of the REST versions {', '.join(VERSIONS)}"
            raise ArrayError("array.version-not-supported", what, subject=self.subject)
        await self._rest.log_in()

    async def close(self) -> None:
        """Drop every connection."""
        await self._rest.close()

    async def log_out(self) -> None:
        """End the session on the array, if there is one."""
        await self._rest.log_out("POST", self._path("logout"))

    # ---------------------------------------------------------------- what the REST layer asks for

    async def log_in(self) -> dict[str, str]:
        """Start a session with the API token."""
        token = self._secret.reveal()
        if not (token.isascii() and token.isprintable() and token.strip() == token != ""):
            what = "the secret is no API token: it has characters that no API token has"
            raise BadInput("input.secret-unreadable", what, subject=self.subject)
        answer = await self._rest.anonymous("POST", self._path("login"), {"api-token": token})
        session = answer.headers.get("x-auth-token")
        if not session:
            raise bad_answer("the array logged us in without a session", self.subject)
        if answer.body is not None:  # the array may leave it out
            self._username = self._only(answer, LoginRow).username or ""
        return {"x-auth-token": session}

    def words(self, answer: Answer) -> str:
        """Return the array's own words about an error."""
        return words_of(answer)

    def refusal(self, answer: Answer) -> ArrayError:
        """Return the error that a refusal of the array is."""
        return refusal(answer, subject=self.subject)

    def next_page(self, answer: Answer) -> dict[str, str] | None:
        """Return the continuation token; None after the last page."""
        page = self._row(answer.body, PageRow)
        if not page.more_items_remaining:
            return None
        if not page.continuation_token:
            raise bad_answer("more items remain, and there is no continuation token", self.subject)
        return {"continuation_token": page.continuation_token}

    # ---------------------------------------------------------------- the array and the account

    async def array(self) -> ArrayState:
        """Return the array, and what its clock says."""
        answer = await self._rest.read(self._path("arrays"))
        row = self._only(answer, ArrayRow)
        try:
            at, precision_s = clock_of(row, answer.headers.get("date", ""))
        except ValueError:
            raise bad_answer("the array does not say what time it is", self.subject) from None
        return ArrayState(row, at, precision_s)

    async def role(self) -> str:
        """Return the role of the account; empty where the array does not show it."""
        if not self._username:
            return ""
        answer = await self._rest.read(self._path("admins"), {"names": self._username})
        return self._only(answer, AdminRow).role.name or ""

    # ---------------------------------------------------------------- looking

    async def volumes(self, matching: str) -> list[VolumeRow]:
        """List array volumes, destroyed ones included."""
        return await self._all("volumes", VolumeRow, {"filter": matching})

    async def replicas(self, matching: str) -> list[ReplicaRow]:
        """List volume snapshots, members of cuts included, destroyed ones too."""
        return await self._all("volume-snapshots", ReplicaRow, {"filter": matching})

    async def kept(self, kind: ObjectKind, matching: str) -> list[KeptRow]:
        """List protection groups, their snapshots, or volumes; destroyed ones included."""
        return await self._all(RESOURCES[kind], KeptRow, {"filter": matching})

    async def member_ids(self, group: str) -> set[str]:
        """Return the ids of the array volumes in a protection group."""
        rows = await self._all("protection-groups/volumes", MembershipRow, {"group_names": group})
        return {row.member.id for row in rows}

    # ---------------------------------------------------------------- cutting

    async def make_group(self, group: str) -> None:
        """Make an empty protection group."""
        await self._rest.change("POST", self._path("protection-groups"), {"names": group})

    async def add_members(self, group: str, volumes: Sequence[str]) -> None:
        """Put array volumes into a protection group."""
        params = {"group_names": group, "member_names": ",".join(volumes)}
        await self._rest.change("POST", self._path("protection-groups/volumes"), params)

    async def try_cut(self, group: str) -> TrialRow | None:
        """Ask whether a cut would work; None where the version has no dry run."""
        if not self._at_least(2, 25):
            return None
        path = self._path("protection-group-snapshots/test")
        answer = await self._rest.change("POST", path, {"source_names": group}, {"suffix": SUFFIX})
        return self._only(answer, TrialRow)

    async def cut(self, group: str, token: CutToken, array_id: str) -> KeptRow:
        """Cut a protection group: the one request of a freeze window."""
        answer = await self._rest.cut(
            "POST",
            self._path("protection-group-snapshots"),
            {"source_names": group},
            {"suffix": SUFFIX},
            token=token,
            array_id=array_id,
        )
        return self._only(answer, KeptRow)

    async def clone(self, clone: str, replica: str) -> VolumeRow:
        """Make an array volume from a replica.

        Raises:
            Refused: the source is a live array volume: that would be a copy without a freeze.
        """
        if "." not in replica:  # only snapshots have a dot in their names
            what = "a clone of a live array volume was asked for, not of a replica"
            raise Refused("policy.break-off-refused", what, subject=f"{self.subject}: {replica}")
        params = {"names": clone}
        if self._at_least(2, 16):  # else SafeMode's default protection could lock every clone
            params["with_default_protection"] = "false"
        answer = await self._rest.change("POST", self._path("volumes"), params, {"source": {"name": replica}})
        return self._only(answer, VolumeRow)

    # ---------------------------------------------------------------- presenting

    async def host_exists(self, host: str) -> bool:
        """Tell whether the array has a host object of this name."""
        try:
            return bool(await self._all("hosts", HostRow, {"names": host}))
        except Gone:
            return False

    async def connections(self, *, host: str = "", volume: str = "") -> list[ConnectionRow]:
        """List what is connected to a host object, or what an array volume is connected to; a row a host.

        Raises:
            Gone: there is no such host object, or no such array volume.
        """
        asked = {"host_names": host, "volume_names": volume}
        params = {key: value for key, value in asked.items() if value}
        return await self._all("connections", ConnectionRow, params)

    async def connect_volume(self, host: str, volume: str) -> None:
        """Connect an array volume to a host object, under a LUN that the array chooses."""
        params = {"host_names": host, "volume_names": volume}
        await self._rest.change("POST", self._path("connections"), params, {})

    async def disconnect_volume(self, host: str, volume: str) -> None:
        """Undo the connection of an array volume to a host object."""
        params = {"host_names": host, "volume_names": volume}
        await self._rest.change("DELETE", self._path("connections"), params)

    # ---------------------------------------------------------------- removing

    async def rename_group(self, group: str, name: str) -> None:
        """Give a protection group another name. Its snapshots follow."""
        await self._rest.change("PATCH", self._path("protection-groups"), {"names": group}, {"name": name})

    async def destroy(self, kind: ObjectKind, name: str) -> None:
        """Make an object void; a protection group takes its snapshots along."""
        await self._rest.change("PATCH", self._path(RESOURCES[kind]), {"names": name}, {"destroyed": True})

    async def eradicate(self, kind: ObjectKind, name: str) -> None:
        """Erase a destroyed object. Its name is free afterwards."""
        await self._rest.change("DELETE", self._path(RESOURCES[kind]), {"names": name})

    # ---------------------------------------------------------------- reading answers

    def _path(self, resource: str) -> str:
        return f"/api/{self._version}/{resource}"

    def _at_least(self, *version: int) -> bool:
        return tuple(int(part) for part in self._version.split(".")) >= version

    async def _all(self, resource: str, kind: type[AnyRow], params: Mapping[str, str]) -> list[AnyRow]:
        pages = self._rest.pages(self._path(resource), params)
        return [row async for page in pages for row in self._rows(page, kind)]

    def _only(self, answer: Answer, kind: type[AnyRow]) -> AnyRow:
        rows = self._rows(answer, kind)
        if len(rows) != 1:
            raise bad_answer(f"one {kind.__name__} was expected, {len(rows)} came", self.subject)
        return rows[0]

    def _rows(self, answer: Answer, kind: type[AnyRow]) -> list[AnyRow]:
        return [self._row(item, kind) for item in self._row(answer.body, PageRow).items]

    def _row(self, item: object, kind: type[AnyRow]) -> AnyRow:
        try:
            return kind.model_validate(item)
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, entry["loc"])) or "it" for entry in error.errors())
        raise bad_answer(f"not a {kind.__name__} as documented: {fields}", self.subject)
