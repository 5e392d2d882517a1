"""Filter, sort and paging."""

from __future__ import annotations

import pytest

from providers.pure_flasharray.emulator.routes import ROUTES
from tests.providers.pure_flasharray.emulator.rest_caller import MIB, RestCaller


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name='db'", ["db"]),
        ("name='*o*'", ["log", "other"]),
        ("name!='db'", ["log", "other"]),
        ("name='db' or name='log'", ["db", "log"]),
        ("name='*o*' and name='*g'", ["log"]),
        ("(name='db' or name='log') and name='l*'", ["log"]),
        ("name='db' or name='log' and name='x'", ["db"]),
        ("not(name='db')", ["log", "other"]),
        ("name=('db','other')", ["db", "other"]),
        ("name!=('db','other')", ["log"]),
        ("destroyed='false'", ["db", "log", "other"]),
        ("destroyed=true", []),
        ("provisioned>1000", ["db", "log", "other"]),
        ("provisioned<=1000", []),
        ("source.name='db'", []),
        ("name='[d]b'", []),
        ("name='d?'", []),
    ],
)
async def test_a_filter_finds_what_it_says(admin: RestCaller, text: str, found: list[str]) -> None:
    assert (await admin.get("volumes", filter=text)).names == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour='red'", "Invalid field."),
        ("name", "Invalid filter."),
        ("name=", "Invalid filter."),
        ("name='db' name='log'", "Invalid filter."),
        ("(name='db'", "Invalid filter."),
        ("name='db", "Invalid filter."),
        ("name~'db'", "Invalid filter."),
        ("name 'db' 'log'", "Invalid filter."),
        ("name in 'db'", "Invalid filter."),
        ("name=('db',)", "Invalid filter."),
        ("", "Invalid filter."),
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused(admin: RestCaller, text: str, said: str) -> None:
    assert (await admin.get("volumes", filter=text)).refusal == said


async def test_a_volume_is_found_by_its_serial(admin: RestCaller) -> None:
    serial = (await admin.get("volumes", names="log")).items[0]["serial"]
    assert len(serial) == 24
    assert serial == serial.upper()
    assert (await admin.get("volumes", filter=f"serial='{serial}'")).names == ["log"]


async def test_a_listing_is_sorted_up_or_down_by_one_key_after_another(admin: RestCaller) -> None:
    await admin.post("volumes", {"provisioned": 2 * MIB}, names="big")
    assert (await admin.get("volumes", sort="name-")).names == ["other", "log", "db", "big"]
    assert (await admin.get("volumes", sort="provisioned-,name")).names == ["big", "db", "log", "other"]
    assert (await admin.get("volumes", sort="colour")).refusal == "Invalid field."


async def test_pages_follow_one_another_by_token(admin: RestCaller) -> None:
    first = await admin.get("volumes", limit="2", sort="name", total_item_count="true")
    assert first.body is not None
    assert first.names == ["db", "log"]
    assert first.body["more_items_remaining"] is True
    assert first.body["total_item_count"] == 3
    assert first.headers["x-next-token"] == first.body["continuation_token"]
    last = await admin.get(
        "volumes", limit="2", sort="name", continuation_token=first.body["continuation_token"]
    )
    assert last.names == ["other"]
    assert last.body == {
        "items": last.items,
        "more_items_remaining": False,
        "continuation_token": None,
        "total_item_count": None,
    }


async def test_offset_and_limit(admin: RestCaller) -> None:
    assert (await admin.get("volumes", offset="1", limit="1")).names == ["log"]
    counted = await admin.get("volumes", limit="0")
    assert counted.items == []
    assert counted.body is not None
    assert counted.body["total_item_count"] == 3
    assert "limit" in (await admin.get("volumes", limit="-1")).refusal
    assert (await admin.get("volumes", continuation_token="x")).refusal == "Invalid continuation token."


async def test_every_listing_declares_the_fields_that_its_items_have(
    admin: RestCaller,
) -> None:
    await admin.post("protection-groups", names="pg")
    await admin.post("protection-groups/volumes", group_names="pg", member_names="db,log")
    await admin.post("protection-group-snapshots", {"suffix": "a"}, source_names="pg")
    await admin.post("hosts", names="h")
    await admin.post("host-groups", names="hg")
    await admin.post("host-groups/hosts", group_names="hg", member_names="h")
    await admin.post("connections", host_names="h", volume_names="db")
    nothing_in_them = {"protection-groups/targets", "protection-group-snapshots/transfer"}
    for (method, resource), route in ROUTES.items():
        if method == "GET":
            items = (await admin.get(resource)).items
            assert bool(items) is (resource not in nothing_in_them)
            for item in items:
                assert set(item) == route.fields, resource
