"""An emulator that accepts everything tests nothing."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from providers.pure_flasharray.emulator import volumes
from tests.providers.pure_flasharray.emulator.rest_caller import MIB, RestCaller


@pytest.mark.parametrize(
    ("method", "resource"), [("GET", "pods"), ("POST", "arrays"), ("PUT", "volumes"), ("GET", "login")]
)
async def test_what_is_not_in_the_table_is_not_found(admin: RestCaller, method: str, resource: str) -> None:
    assert (await admin.call(method, resource)).status == 404


@pytest.mark.parametrize("resource", ["arrays", "volumes", "protection-groups", "hosts", "connections"])
async def test_an_unknown_parameter_is_refused(admin: RestCaller, resource: str) -> None:
    answered = await admin.get(resource, colour="red")
    assert answered.status == 400
    assert answered.body == {
        "errors": [{"context": "colour", "message": "Invalid or unsupported query parameter."}]
    }


async def test_a_parameter_given_twice_is_refused(admin: RestCaller) -> None:
    async with admin.session.get("/api/2.26/volumes?names=db&names=log", headers=admin.headers) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"colour": "red"}, "Invalid or unsupported field."),
        ({"provisioned": "1M"}, "Must be of type int."),
        ({"provisioned": True}, "Must be of type int."),
        ({"source": "db"}, "Must be an object."),
        ({"source": {"serial": "x"}}, "Invalid or unsupported field."),
        ([], "Must be an object."),
        ({}, "Exactly one of source and provisioned is required."),
        (
            {"provisioned": MIB, "source": {"name": "db"}},
            "Exactly one of source and provisioned is required.",
        ),
        ({"provisioned": MIB + 1}, "Invalid size: a multiple of 512 from 1 MiB to 4 PiB."),
        ({"provisioned": 512}, "Invalid size: a multiple of 512 from 1 MiB to 4 PiB."),
        ({"source": {"name": "gone"}}, "No such volume or snapshot."),
        ({"source": {"id": "gone"}}, "No such volume or snapshot."),
        ({"source": {}}, "A reference needs a name or an id."),
    ],
)
async def test_a_body_that_does_not_fit_is_refused(admin: RestCaller, body: Any, said: str) -> None:
    assert (await admin.post("volumes", body, names="new")).refusal == said
    assert "new" not in (await admin.get("volumes")).names


async def test_a_value_given_twice_is_refused(admin: RestCaller) -> None:
    for resource, names in (("volumes", "names"), ("volume-snapshots", "source_names")):
        body = {"provisioned": MIB} if resource == "volumes" else {"suffix": "a"}
        assert "given twice" in (await admin.post(resource, body, **{names: "db,db"})).refusal


async def test_a_disk_that_is_full_is_an_array_that_is_full(
    admin: RestCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(volumes, "resize", fail)
    assert (await admin.post("volumes", {"provisioned": MIB}, names="new")).refusal == "Insufficient space."
    assert "new" not in (await admin.get("volumes")).names


async def test_a_body_that_is_no_json_is_refused(admin: RestCaller) -> None:
    async with admin.session.post("/api/2.26/volumes?names=x", data="{", headers=admin.headers) as response:
        assert response.status == 400


async def test_a_list_field_holds_strings(admin: RestCaller) -> None:
    assert (await admin.post("hosts", {"iqns": [1]}, names="h")).refusal == "Must be a list of strings."


async def test_an_empty_body_with_a_json_content_type_is_no_body(admin: RestCaller) -> None:
    await admin.post("hosts", names="h")
    headers = {**admin.headers, "Content-Type": "application/json"}
    url = "/api/2.26/connections?host_names=h&volume_names=db"
    async with admin.session.post(url, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize("name", ["", "-db", "db-", "a.b", "d b", "12", "x" * 64, "pod::db"])
async def test_an_impossible_name_is_refused(admin: RestCaller, name: str) -> None:
    for resource, body in (("volumes", {"provisioned": MIB}), ("protection-groups", None), ("hosts", None)):
        assert (await admin.post(resource, body, names=name)).refusal.startswith("Invalid name")


@pytest.mark.parametrize("name", ["a", "x" * 63, "1-2", "9_9", "DB_01"])
async def test_a_possible_name_is_accepted(admin: RestCaller, name: str) -> None:
    assert (await admin.post("volumes", {"provisioned": MIB}, names=name)).names == [name]


@pytest.mark.parametrize("suffix", ["", "1", "under_score", "dot.ted", "-a", "a-", "x" * 65])
async def test_an_impossible_suffix_is_refused(admin: RestCaller, suffix: str) -> None:
    answered = await admin.post("volume-snapshots", {"suffix": suffix}, source_names="db")
    assert answered.refusal.startswith("Invalid suffix")


async def test_the_full_name_of_a_replica_is_96_characters_at_most(admin: RestCaller) -> None:
    await admin.patch("volumes", {"name": "v" * 40}, names="db")
    refused = await admin.post("volume-snapshots", {"suffix": "s" * 56}, source_names="v" * 40)
    assert "longer than 96" in refused.refusal
    answered = await admin.post("volume-snapshots", {"suffix": "s" * 55}, source_names="v" * 40)
    assert len(answered.names[0]) == 96


@pytest.mark.parametrize(
    ("resource", "noun"),
    [
        ("volumes", "Volume"),
        ("volume-snapshots", "Volume snapshot"),
        ("protection-groups", "Protection group"),
        ("protection-group-snapshots", "Protection group snapshot"),
        ("hosts", "Host"),
        ("host-groups", "Host group"),
        ("controllers", "Controller"),
        ("admins", "Admin"),
    ],
)
async def test_what_is_named_and_missing_is_an_error_not_an_empty_list(
    admin: RestCaller, resource: str, noun: str
) -> None:
    assert (await admin.get(resource, names="gone")).refusal == f"{noun} does not exist."


async def test_names_and_ids_cannot_be_set_together(admin: RestCaller) -> None:
    assert "cannot be set together" in (await admin.get("volumes", names="db", ids="x")).refusal
    assert (await admin.get("volumes", ids="x")).refusal == "Volume does not exist."
    assert "required" in (await admin.patch("volumes", {"destroyed": True})).refusal


@pytest.mark.parametrize("flag", ["for_replication", "replicate", "replicate_now", "apply_retention"])
async def test_a_cut_that_would_live_elsewhere_or_not_for_long_is_refused(
    admin: RestCaller, flag: str
) -> None:
    await admin.post("protection-groups", names="pg")
    refused = await admin.post(
        "protection-group-snapshots", {"suffix": "a"}, source_names="pg", **{flag: "true"}
    )
    assert refused.status == 400
    answered = await admin.post(
        "protection-group-snapshots", {"suffix": "a"}, source_names="pg", **{flag: "false"}
    )
    assert answered.names == ["pg.a"]


async def test_a_flag_is_true_or_false(admin: RestCaller) -> None:
    assert "destroyed" in (await admin.get("volumes", destroyed="yes")).refusal


async def test_every_answer_says_that_it_is_emulated_and_whose_request_it_answers(admin: RestCaller) -> None:
    headers = {**admin.headers, "X-Request-ID": "4711"}
    for answered in (
        await admin.call("GET", "arrays", headers=headers),
        await admin.call("GET", "pods", headers=headers),
        await admin.call("GET", "arrays", headers={"X-Request-ID": "4711"}),
    ):
        assert answered.headers["X-Quiesce-Emulator"] == "1"
        assert answered.headers["X-Request-ID"] == "4711"
        assert answered.headers["RateLimit-Limit"] == "100;w=1;burst=40"
    assert len((await admin.get("arrays")).headers["X-Request-ID"]) == 36
