"""Answers of arrays, one a file, and what the client makes of each.

Every file says where it comes from: "recorded on hardware", "from vendor documentation" or "reconstructed".
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from orchestrator.errors import ArrayBusy, ArrayError, ArrayRejected
from orchestrator.lab.certificates import LabCertificates
from orchestrator.model.arrays import ObjectKind
from orchestrator.plugin import ProviderContext, Secret
from providers.pure_flasharray import mapping
from providers.pure_flasharray.client import FlashArrayClient
from providers.pure_flasharray.errors import AlreadyThere
from tests.providers.pure_flasharray.desk import NAMES
from tests.providers.shared.rest_server import Reply, ScriptedArray, TestToken, says, serving

ANSWERS: Final = Path(__file__).parent / "answers"
GRADES: Final = ("recorded on hardware", "from vendor documentation", "reconstructed")
NEW, OLD = "fa-x70_6.4.10", "fa-m20_6.0.4"
GROUP: Final = ObjectKind.CONSISTENCY_GROUP
Ask = Callable[[FlashArrayClient], Awaitable[Any]]


def recorded(name: str) -> dict[str, Any]:
    """Return one file."""
    found: dict[str, Any] = json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def replay(name: str) -> Reply:
    """Return the reply that one file is; it insists on the request that belongs to it."""
    answer = recorded(name)

    async def reply(request: web.BaseRequest) -> web.StreamResponse:
        assert f"{request.method} {request.path}" == answer["request"]
        return web.json_response(answer["body"], status=answer["status"], headers=answer.get("headers"))

    return reply


def client_for(array: ScriptedArray, ca: LabCertificates) -> FlashArrayClient:
    """Return a client that is not connected yet."""
    url = f"https://127.0.0.1:{array.port}"
    return FlashArrayClient(ProviderContext("array-a", url, Secret("t-0"), ca.ca_file))


@asynccontextmanager
async def client_of(
    ca: LabCertificates, *names: str, version: str = "2.26"
) -> AsyncIterator[tuple[FlashArrayClient, ScriptedArray]]:
    """Return a client that is logged in to an array which then plays these files."""
    async with serving(ca.server) as array:
        session = says(200, {"items": [{"username": "quiesce"}]}, X_Auth_Token="session-1")
        array.will(says(200, {"version": ["2.0", version]}), session, *(replay(name) for name in names))
        client = client_for(array, ca)
        await client.connect()
        try:
            yield client, array
        finally:
            await client.close()


async def ask(ca: LabCertificates, name: str, question: Ask, version: str = "2.26") -> Any:
    """Ask one question that one file answers."""
    async with client_of(ca, name, version=version) as (client, _):
        return await question(client)


@pytest.mark.parametrize("path", sorted(ANSWERS.glob("*.json")), ids=lambda path: path.stem)
def test_every_recorded_answer_says_where_it_comes_from_and_is_used(path: Path) -> None:
    answer = recorded(path.stem)
    assert answer["grade"] in GRADES
    assert len(answer["provenance"]) > 20
    model, os_version, call = path.stem.split("_")
    assert model.startswith("fa-")
    assert os_version[0].isdigit()
    used = Path(__file__).read_text(encoding="utf-8")
    assert f"_{call}" in used


async def test_the_best_version_that_both_sides_know_is_spoken(ca: LabCertificates) -> None:
    async with serving(ca.server) as array:
        array.will(replay(f"{NEW}_api-version"), replay(f"{NEW}_login"), replay(f"{NEW}_arrays"))
        client = client_for(array, ca)
        await client.connect()
        await client.array()
        await client.close()
    assert array.requests == ["GET /api/api_version", "POST /api/2.26/login", "GET /api/2.26/arrays"]


async def test_the_array_and_its_clock_are_read(ca: LabCertificates) -> None:
    state = await ask(ca, f"{NEW}_arrays", lambda client: client.array())
    assert (state.row.name, state.row.os, state.row.version) == ("fa-prod-1", "Purity//FA", "6.4.10")
    assert (state.at, state.precision_s) == (datetime(2026, 3, 2, 2, 30, 0, 123_000, UTC), 0.001)
    assert not mapping.is_full(state.row)


async def test_what_a_restricted_account_may_not_see_is_no_error(ca: LabCertificates) -> None:
    name = f"{NEW}_arrays-as-a-restricted-account-sees-it"
    assert not mapping.is_full((await ask(ca, name, lambda client: client.array())).row)


async def test_an_old_array_tells_the_time_in_seconds_by_http(ca: LabCertificates) -> None:
    state = await ask(ca, f"{OLD}_arrays", lambda client: client.array(), "2.4")
    assert (state.at, state.precision_s) == (datetime(2026, 3, 2, 2, 30, tzinfo=UTC), 1.0)
    assert mapping.is_full(state.row)


async def test_array_volumes_are_read_with_what_excludes_them(ca: LabCertificates) -> None:
    rows = await ask(ca, f"{NEW}_volumes", lambda client: client.volumes("serial='x'"))
    assert mapping.array_volume(rows[0]).lun_id == "naa.624a9370361019ecace43db3000120a4"
    assert [bool(mapping.unsupported(row, NAMES)) for row in rows] == [False, False, True, True]


async def test_protection_groups_are_read_with_and_without_an_id(ca: LabCertificates) -> None:
    (new,) = await ask(ca, f"{NEW}_protection-groups", lambda client: client.kept(GROUP, "name='q*'"))
    (old,) = await ask(ca, f"{OLD}_protection-groups", lambda client: client.kept(GROUP, "name='q*'"), "2.4")
    assert (new.object_id, new.retention_lock, new.destroyed) == ("c0de", "unlocked", False)
    assert (old.object_id, old.retention_lock, old.destroyed) == (old.name, None, True)


async def test_members_are_read_by_their_ids(ca: LabCertificates) -> None:
    ids = await ask(ca, f"{NEW}_protection-group-members", lambda client: client.member_ids("g"))
    assert ids == {"0b1d", "0b1e"}


async def test_a_dry_run_is_read(ca: LabCertificates) -> None:
    trial = await ask(ca, f"{NEW}_dry-run", lambda client: client.try_cut("g"))
    assert trial.success


async def test_the_answer_to_a_cut_and_its_replicas_are_read(ca: LabCertificates) -> None:
    cut = await ask(ca, f"{NEW}_cut", lambda client: client.cut("g", TestToken(), "id-a"))
    assert (cut.object_id, cut.name) == ("f00d", f"{NAMES.stem}.cut")
    rows = await ask(ca, f"{NEW}_replicas", lambda client: client.replicas("name='g.cut.*'"))
    members = [mapping.cut_member(row) for row in rows]
    assert [member.source_volume_id for member in members] == ["0b1d", "0b1e"]
    assert {member.cut_at for member in members} == {datetime(2026, 3, 2, 2, 30, 0, 123_000, UTC)}


async def test_a_clone_is_read_and_asked_for_outside_default_protection(ca: LabCertificates) -> None:
    async with client_of(ca, f"{NEW}_clone") as (client, array):
        row = await client.clone("c", "g.cut.exch-db")
    assert mapping.array_volume(row).ours
    assert array.requests[-1] == "POST /api/2.26/volumes?names=c&with_default_protection=false"
    assert array.bodies[-1] == b'{"source": {"name": "g.cut.exch-db"}}'


async def test_the_role_of_the_account_is_read(ca: LabCertificates) -> None:
    assert await ask(ca, f"{NEW}_admins", lambda client: client.role()) == "storage_admin"


@pytest.mark.parametrize(
    ("name", "question", "error", "code"),
    [
        (f"{NEW}_refused-name-taken", lambda c: c.make_group("g"), AlreadyThere, "array.name-taken"),
        (f"{NEW}_refused-role", lambda c: c.make_group("g"), ArrayRejected, "array.not-permitted"),
        (f"{NEW}_refused-eradication", lambda c: c.eradicate(GROUP, "g"), ArrayRejected, "array.rejected"),
        (f"{NEW}_refused-rate", lambda c: c.cut("g", TestToken(), "id-a"), ArrayBusy, "array.busy"),
        (f"{NEW}_refused-overload", lambda c: c.cut("g", TestToken(), "id-a"), ArrayBusy, "array.busy"),
    ],
)
async def test_refusals_are_told_apart(
    ca: LabCertificates, name: str, question: Ask, error: type[ArrayError], code: str
) -> None:
    with pytest.raises(error) as caught:
        await ask(ca, name, question)
    assert type(caught.value) is error
    assert caught.value.code == code


async def test_pages_are_followed_by_their_token(ca: LabCertificates) -> None:
    page = recorded(f"{NEW}_volumes")["body"]
    async with client_of(ca) as (client, array):
        array.will(
            says(200, {**page, "more_items_remaining": True, "continuation_token": "t1"}), says(200, page)
        )
        assert len(await client.volumes("x='y'")) == 8
    assert array.requests[-1].endswith("&continuation_token=t1")


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"id": "x"}]},
        {"items": "none"},
        {"no": "items"},
        [],
        "text",
        {"items": [], "more_items_remaining": True},
        {"items": [{**recorded(f"{NEW}_volumes")["body"]["items"][0], "created": "yesterday"}]},
    ],
)
async def test_an_answer_of_another_shape_is_a_bad_answer(ca: LabCertificates, body: object) -> None:
    async with client_of(ca) as (client, array):
        array.will(says(200, body))
        with pytest.raises(ArrayError) as caught:
            await client.volumes("x='y'")
    assert caught.value.code == "array.bad-answer"
    assert caught.value.subject == "array-a"
