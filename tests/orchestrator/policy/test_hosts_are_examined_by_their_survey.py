from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.model.exchange import CopyRole, ExchangeServer, ExchangeVersion, MailboxDatabase
from orchestrator.model.hosts import (
    CheckStatus,
    Component,
    DiskLayout,
    HostCheck,
    HostIdentity,
    Survey,
    WriterInstance,
)
from orchestrator.model.time import ClockOffset, Reading
from orchestrator.policy.examination.clock import clock_check
from orchestrator.policy.examination.exchange import exchange_checks
from orchestrator.policy.examination.host import identity_check, survey_checks
from orchestrator.policy.examination.storage import storage_checks
from orchestrator.policy.examination.writers import writer_checks
from tests.orchestrator.policy import storage

GOOD, WARNING, BAD = CheckStatus.GOOD, CheckStatus.WARNING, CheckStatus.BAD
SYSTEM = WriterInstance("E8132975-6f93-4464-a53e-1050253ae220", "system-1", "System Writer")
EXOTIC = WriterInstance("11111111-1111-1111-1111-111111111111", "exotic-1", "Exotic Writer")
SURVEY = storage.survey()
DATABASES = (MailboxDatabase("DB01", "guid-1"), MailboxDatabase("DB02", "guid-2"))
SERVER = ExchangeServer("EX01", ExchangeVersion.EXCHANGE_2016, databases=DATABASES)


def told(checks: Iterable[HostCheck]) -> dict[str, CheckStatus]:
    """Return each check's status, and see that whatever is not good has a remedy."""
    found = list(checks)
    for check in found:
        assert check.found.endswith((".", ")")), check
        assert bool(check.remedy) is (check.status is not GOOD), check
    assert len({check.what for check in found}) == len(found)
    return {check.what: check.status for check in found}


# ---------------------------------------------------------------- storage
def test_databases_on_known_arrays_are_good_and_say_where() -> None:
    first, second = storage_checks(SURVEY, storage.CLAIMS)
    assert told([first, second]) == {"storage of DB01": GOOD, "storage of DB02": GOOD}
    assert "vol-e-name on databases-name" in first.found
    assert "vol-l-name on logs-name" in first.found


def test_a_lun_that_no_array_knows_is_bad_once() -> None:
    claims = {"naa.e": storage.CLAIMS["naa.e"]}
    assert told(storage_checks(SURVEY, claims)) == {"storage: naa.l (L:\\)": BAD}


def test_a_lun_that_two_arrays_claim_is_named_and_a_job_may_settle_it() -> None:
    twice = [*storage.CLAIMS["naa.l"], storage.claim("other", "vol-x", "naa.l")]
    (check,) = (
        each
        for each in storage_checks(SURVEY, {**storage.CLAIMS, "naa.l": twice})
        if each.what == "storage: naa.l (L:\\)"
    )
    assert "logs-name" in check.found
    assert "other-name" in check.found
    assert "lun_array" in check.remedy
    assert check.status is WARNING


def test_a_source_that_is_our_own_clone_is_bad() -> None:
    claims = {**storage.CLAIMS, "naa.e": [storage.claim("databases", "vol-e", "naa.e", ours=True)]}
    assert told(storage_checks(SURVEY, claims)) == {"storage: naa.e (E:\\)": BAD}


def test_a_dynamic_disk_without_all_its_luns_is_bad() -> None:
    dynamic = replace(storage.E, layout=DiskLayout.DYNAMIC, complete=False)
    found = told(storage_checks(storage.survey(dynamic, storage.L), storage.CLAIMS))
    assert found == {"storage: E:\\": BAD}


def test_what_shares_a_lun_with_a_database_is_a_warning() -> None:
    beside = storage.host_volume("f", "F:\\", "naa.e")
    found = told(storage_checks(storage.survey(storage.E, storage.L, beside), storage.CLAIMS))
    assert found["storage: F:\\"] is WARNING


def test_what_is_no_database_may_lie_where_it_likes() -> None:
    exotic = Component("exotic-1", "", "x", "Exotic", selectable=True, files=("C:\\exotic\\x.dat",))
    system = Component("system-1", "", "s", "System Files", selectable=True, files=("C:\\windows\\x.dll",))
    survey = replace(
        storage.survey(storage.E, storage.L, storage.host_volume("c", "C:\\")),
        writers=(storage.WRITER, SYSTEM, EXOTIC),
    )
    both = replace(survey, components=(*survey.components, system, exotic))
    assert told(storage_checks(both, storage.CLAIMS))["storage: C:\\"] is WARNING
    only_system = replace(survey, components=(*survey.components, system))
    *_, other = storage_checks(only_system, storage.CLAIMS)
    assert (other.what, other.status) == ("other host volumes", GOOD)
    assert "C:\\" in other.found


def test_a_host_without_writers_is_bad_only_if_nothing_can_be_cloned() -> None:
    survey = Survey(
        (),
        tuple(
            Component("", "", place, place, selectable=True, files=(f"{place}/",)) for place in ("/a", "/b")
        ),
        (
            replace(storage.host_volume("a", "/a", "naa.e"), name="/dev/a"),
            replace(storage.host_volume("b", "/b", "naa.z"), name="/dev/b"),
        ),
        SURVEY.clock,
    )
    known = told(storage_checks(survey, storage.CLAIMS))
    assert known == {"storage of /a": GOOD, "storage: naa.z (/b)": WARNING}
    assert told(storage_checks(survey, {}))["storage"] is BAD


def test_what_is_bad_for_a_database_stays_so_for_what_lies_beside_it() -> None:
    exotic = Component("exotic-1", "", "x", "Exotic", selectable=True, files=("E:\\exotic.dat",))
    survey = replace(SURVEY, writers=(storage.WRITER, EXOTIC), components=(*SURVEY.components, exotic))
    found = told(storage_checks(survey, {"naa.l": storage.CLAIMS["naa.l"]}))
    assert found["storage: naa.e (E:\\)"] is BAD


def test_a_host_without_components_has_no_storage_to_judge() -> None:
    assert told(storage_checks(replace(SURVEY, components=()), storage.CLAIMS)) == {}


# ---------------------------------------------------------------- writers
def test_exchange_without_its_writer_is_bad() -> None:
    survey = replace(SURVEY, writers=(SYSTEM,), components=(), exchange=SERVER)
    assert told(writer_checks(survey, writers_expected=True)) == {"Exchange writer": BAD}


def test_a_host_of_writers_that_shows_none_but_windows_own_is_bad() -> None:
    survey = replace(SURVEY, writers=(SYSTEM,), components=())
    assert told(writer_checks(survey, writers_expected=True)) == {"writers": BAD}
    assert told(writer_checks(survey, writers_expected=False)) == {}


def test_the_writers_of_applications_are_named() -> None:
    (check,) = writer_checks(replace(SURVEY, writers=(SYSTEM, storage.WRITER)), writers_expected=True)
    assert check.status is GOOD
    assert check.found == "2 answered, among them Microsoft Exchange Writer."


def test_a_database_in_no_selectable_component_is_bad() -> None:
    third = MailboxDatabase("DB03", "guid-3")
    survey = replace(SURVEY, exchange=replace(SERVER, databases=(*DATABASES, third)))
    assert told(writer_checks(survey, writers_expected=True)) == {"writers": GOOD, "database DB03": BAD}
    hidden = replace(survey, components=(storage.database(1), storage.database(2, selectable=False)))
    assert told(writer_checks(hidden, writers_expected=True)).get("database DB02") is BAD


@pytest.mark.parametrize(
    "unlisted",
    [MailboxDatabase("DB03", "guid-3", mounted=False), MailboxDatabase("DB03", "guid-3", recovery=True)],
)
def test_what_no_writer_offers_anyway_is_not_missed(unlisted: MailboxDatabase) -> None:
    survey = replace(SURVEY, exchange=replace(SERVER, databases=(*DATABASES, unlisted)))
    assert "database DB03" not in told(writer_checks(survey, writers_expected=True))


def test_a_database_comes_along_with_its_storage_group() -> None:
    group = replace(storage.database(1), caption="First Storage Group")
    database = MailboxDatabase("Mailbox Store", "guid-9", storage_group="First Storage Group")
    server = ExchangeServer("EX01", ExchangeVersion.EXCHANGE_2003, databases=(database,))
    survey = replace(SURVEY, components=(group,), exchange=server)
    assert told(writer_checks(survey, writers_expected=True)) == {"writers": GOOD}


def test_a_component_without_a_name_stands_for_no_database() -> None:
    nameless = replace(storage.database(1), caption="", name="")
    survey = replace(SURVEY, components=(nameless,), exchange=replace(SERVER, databases=DATABASES[:1]))
    assert told(writer_checks(survey, writers_expected=True))["database DB01"] is BAD


def test_a_file_that_nothing_selectable_brings_along_is_a_warning() -> None:
    stray = replace(storage.database(3, selectable=False), caption="Stray")
    inner = replace(stray, caption="Inner", files=(storage.database(1).files[0].upper(),))
    survey = replace(SURVEY, components=(*SURVEY.components, stray, inner))
    found = told(writer_checks(survey, writers_expected=True))
    assert found == {"writers": GOOD, "component Stray": WARNING}


# ---------------------------------------------------------------- Exchange
def server_with(version: ExchangeVersion = ExchangeVersion.EXCHANGE_2016, **state: object) -> ExchangeServer:
    database = replace(DATABASES[0], storage_group="SG1" if version.by_storage_group else "", **state)  # type: ignore[arg-type]  # states of several types
    return ExchangeServer("EX01", version, databases=(database, DATABASES[1]))


def test_databases_that_are_well_are_summed_up() -> None:
    (check,) = exchange_checks(replace(SERVER, dag="DAG1"))
    assert (check.status, check.found) == (GOOD, "Exchange 2016, 2 databases in DAG1, all of them well.")


@pytest.mark.parametrize(
    ("state", "what", "status", "says"),
    [
        ({"mounted": False}, "database DB01", WARNING, "Mount-Database"),
        ({"recovery": True, "mounted": False}, "database DB01", WARNING, "clone its source"),
        ({"in_backup_by": "Acme Backup"}, "backup of DB01", BAD, "BackupInProgress"),
        ({"circular_logging": True}, "logs of DB01", WARNING, "CircularLoggingEnabled"),
        (
            {"servers": ("EX01", "EX02"), "healthy_copies": 1, "role": CopyRole.PASSIVE},
            "copies of DB01",
            WARNING,
            "Get-MailboxDatabaseCopyStatus",
        ),
    ],
)
def test_what_is_not_well_is_named_with_its_remedy(
    state: dict[str, object], what: str, status: CheckStatus, says: str
) -> None:
    checks = list(exchange_checks(server_with(**state)))  # type: ignore[arg-type]  # as above
    assert told(checks) == {what: status}
    assert says in checks[0].remedy


def test_a_dismounted_database_spoils_its_whole_storage_group() -> None:
    checks = list(exchange_checks(server_with(ExchangeVersion.EXCHANGE_2003, mounted=False)))
    assert told(checks) == {"database DB01": BAD}
    assert "all of SG1" in checks[0].found


def test_copies_that_are_all_healthy_are_no_matter() -> None:
    replicated = {"servers": ("EX01", "EX02"), "healthy_copies": 2}
    assert told(exchange_checks(server_with(**replicated))) == {"Exchange databases": GOOD}  # type: ignore[arg-type]  # as above


# ---------------------------------------------------------------- clock and identity
@pytest.mark.parametrize(
    ("offset_s", "error_s", "stepped_s", "status"),
    [
        (0.2, 0.01, 0.0, GOOD),
        (299.0, 0.01, 0.0, GOOD),
        (-301.0, 0.01, 0.0, WARNING),
        (301.0, 0.01, 0.0, WARNING),
        (0.0, 1.1, 0.0, WARNING),
        (0.0, 0.01, 0.4, GOOD),
        (0.0, 0.01, 0.6, BAD),
        (0.0, 0.01, -0.6, BAD),
    ],
)
def test_a_clock_is_judged(offset_s: float, error_s: float, stepped_s: float, status: CheckStatus) -> None:
    first = SURVEY.clock
    last = Reading(first.wall + timedelta(seconds=5 + stepped_s), first.monotonic_s + 5)
    assert told([clock_check(ClockOffset(offset_s, error_s), first, last)]) == {"clock": status}


def test_an_identity_is_good_unless_the_table_speaks_against_it() -> None:
    host = HostIdentity("id", "ex01", "Windows Server 2012 R2 Standard", emulated=False)
    assert told([identity_check("qemu-guest-agent", "EX01", host)]) == {"identity": GOOD}
    assert told([identity_check("agent", "EX01", host)]) == {"identity": BAD}
    assert "emulator" in identity_check("agent", "EX01", replace(host, product="x", emulated=True)).found


def test_all_that_a_survey_says_is_told_in_one_order() -> None:
    survey = replace(SURVEY, exchange=SERVER)
    checks = survey_checks(survey, survey.clock, ClockOffset(0.0, 0.0), storage.CLAIMS, writers_expected=True)
    assert list(told(checks)) == [
        "clock", "writers", "Exchange databases", "storage of DB01", "storage of DB02",
    ]  # fmt: skip
