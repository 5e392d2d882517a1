from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.exchange import CopyRole
from orchestrator.model.hosts import WriterInstance
from orchestrator.policy.exchange_rules import check_exchange
from orchestrator.policy.exchange_writers import (
    StorePlace,
    WriterFamily,
    family_of,
    guid_of,
    place_in_store,
    role_of,
    writer_family,
)
from tests.orchestrator.policy.exchange_server import (
    EXCHANGE_ID,
    REPLICA,
    SQL,
    STORE,
    all_of,
    component,
    database,
    said,
    server,
)


@pytest.mark.parametrize(
    ("writer_id", "name", "family"),
    [
        (EXCHANGE_ID, "Microsoft Exchange Writer", WriterFamily.EXCHANGE_STORE),
        (EXCHANGE_ID.upper(), " microsoft exchange WRITER ", WriterFamily.EXCHANGE_STORE),
        ("{" + EXCHANGE_ID + "}", "Microsoft Exchange Replica Writer", WriterFamily.EXCHANGE_REPLICA),
        (EXCHANGE_ID, "Contoso Exchange Writer", WriterFamily.OTHER),
        (EXCHANGE_ID, "", WriterFamily.OTHER),
        ("66841cd4-6ded-4f4b-8f17-fd23f8ddc3de", "Microsoft Exchange Writer", WriterFamily.OTHER),
        ("a65faa63-5ea8-4ebc-9dbd-a0c4db26912a", "SqlServerWriter", WriterFamily.SQL),
        ("f8544ac1-0611-4fa5-b04b-f7ee00b03277", "MSDEWriter", WriterFamily.SQL),
        ("e8132975-6f93-4464-a53e-1050253ae220", "System Writer", WriterFamily.SYSTEM),
        ("", "", WriterFamily.OTHER),
    ],
)
def test_a_family_is_an_id_and_where_ids_are_shared_a_name(
    writer_id: str, name: str, family: WriterFamily
) -> None:
    assert writer_family(WriterInstance(writer_id, "instance-1", name)) is family
    assert family.exchange is ("exchange" in family)


def test_a_component_belongs_to_the_family_of_the_instance_that_owns_it() -> None:
    survey = server(database("DB01"))
    assert [family_of(component("DB01", owner=one.instance_id), survey) for one in (STORE, REPLICA, SQL)] == [
        WriterFamily.EXCHANGE_STORE,
        WriterFamily.EXCHANGE_REPLICA,
        WriterFamily.SQL,
    ]
    assert family_of(component("DB01", owner="gone"), survey) is WriterFamily.OTHER


STORE_OF_EX01 = StorePlace(replica=False, server="EX01", inside=())


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (r"Exchange Server\Microsoft Information Store\EX01", STORE_OF_EX01),
        (r"Microsoft Exchange Server\Microsoft Information Store\EX01", STORE_OF_EX01),
        (r"MICROSOFT INFORMATION STORE\EX01", STORE_OF_EX01),
        (
            r"Exchange Server\Microsoft Information Store\EX01\{guid}",
            replace(STORE_OF_EX01, inside=("{guid}",)),
        ),
        (r"Exchange Server\Microsoft Information Store\Replica\EX01", replace(STORE_OF_EX01, replica=True)),
        (
            r"X\Microsoft Information Store\replica\EX01\g\h",
            StorePlace(replica=True, server="EX01", inside=("g", "h")),
        ),
        (r"X\Microsoft Information Store\Replica", StorePlace(replica=False, server="Replica", inside=())),
        (r"X\Microsoft Information Store", StorePlace(replica=False, server="", inside=())),
        (r"EX01\SQL", None),
        ("", None),
    ],
)
def test_the_place_in_the_store_is_read_from_what_follows_its_name(
    path: str, place: StorePlace | None
) -> None:
    assert place_in_store(replace(component("DB01"), logical_path=path)) == place


def test_a_copy_is_passive_by_its_path_or_by_its_writer() -> None:
    survey = server(database("DB01"))
    assert role_of(component("DB01"), survey) is CopyRole.ACTIVE
    assert role_of(component("DB01", role=CopyRole.PASSIVE), survey) is CopyRole.PASSIVE
    assert role_of(component("DB01", owner="replica-1"), survey) is CopyRole.PASSIVE


def test_a_guid_is_the_same_with_and_without_braces() -> None:
    assert guid_of("{ABC-1}") == guid_of("abc-1")


def test_a_writer_with_exchanges_id_under_another_name_is_refused_if_it_is_selected() -> None:
    strange = WriterInstance(EXCHANGE_ID, "store-1", "Microsoft Exchange Server vNext Writer")
    survey = replace(server(database("DB01")), writers=(SQL, strange))
    assert said(check_exchange(all_of(survey))) == [("policy.writer-unknown", strange.name, True)]
    unselected = replace(all_of(survey), components=())
    assert said(check_exchange(unselected)) == []
