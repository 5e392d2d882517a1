from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from orchestrator.model.exchange import CopyRole, ExchangeVersion, MailboxDatabase
from orchestrator.model.hosts import Survey
from orchestrator.policy.copies import (
    CopyChoice,
    CopyPreference,
    check_ownership,
    choose_copies,
    read_ownership,
)
from orchestrator.policy.reasons import Finding
from tests.orchestrator.policy.exchange_server import component, database, guid, said, server

A, P = CopyRole.ACTIVE, CopyRole.PASSIVE
ACTIVE = CopyChoice()
PASSIVE = CopyChoice(CopyPreference.PASSIVE_PREFERRED)
ALL = ("EX01", "EX02", "EX03")


def servers(*hosts: str) -> CopyChoice:
    return CopyChoice(CopyPreference.SERVERS, hosts)


def copy(name: str, role: CopyRole, **facts: object) -> MailboxDatabase:
    return database(name, role=role, servers=ALL, **facts)


def dag() -> dict[str, Survey]:
    """DB01 is active on the first server, DB02 on the second; both have passive copies elsewhere."""
    return {
        "ex1": server(copy("DB01", A), copy("DB02", P), name="EX01"),
        "ex2": server(copy("DB01", P), copy("DB02", A), name="EX02"),
        "ex3": server(copy("DB01", P), name="EX03"),
    }


def with_copy(surveys: dict[str, Survey], host: str, changed: MailboxDatabase) -> dict[str, Survey]:
    """Return the same servers, one of them saying something else of one database, VSS included."""
    exchange = surveys[host].exchange
    assert exchange is not None
    others = [one for one in exchange.databases if one.guid != changed.guid]
    return {**surveys, host: server(changed, *others, name=exchange.name)}


def chosen(
    choice: CopyChoice, surveys: Mapping[str, Survey], *databases: str
) -> dict[str, list[tuple[str, bool]]]:
    """Return captions by host, each with whether it is offered as a replica."""
    result = choose_copies(choice, surveys, databases or ("DB01", "DB02"))
    assert isinstance(result, Mapping), result
    return {
        host: [(one.caption, "\\Replica\\" in one.logical_path) for one in found]
        for host, found in result.items()
    }


def refused(choice: CopyChoice, surveys: Mapping[str, Survey], *databases: str) -> tuple[Finding, ...]:
    result = choose_copies(choice, surveys, databases or ("DB01",))
    assert isinstance(result, tuple), result
    assert all(one.fatal for one in result)
    return result


# ------------------------------------------------------------------ the three choices


def test_active_copies_are_taken_where_they_are() -> None:
    assert chosen(ACTIVE, dag()) == {"ex1": [("DB01", False)], "ex2": [("DB02", False)]}


def test_passive_copies_are_preferred_and_taken_through_the_replica_path() -> None:
    assert chosen(PASSIVE, dag()) == {"ex1": [("DB02", True)], "ex2": [("DB01", True)]}


def test_without_a_passive_copy_the_active_one_is_taken() -> None:
    alone = {"ex1": server(copy("DB01", A), name="EX01")}
    assert chosen(PASSIVE, alone, "DB01") == {"ex1": [("DB01", False)]}


def test_a_passive_copy_that_does_not_replay_is_passed_over() -> None:
    lagging = with_copy(dag(), "ex2", copy("DB01", P, mounted=False))
    assert chosen(PASSIVE, lagging, "DB01") == {"ex3": [("DB01", True)]}
    offered = replace(lagging["ex2"], components=(component("DB01", "EX02", role=P),))
    assert chosen(PASSIVE, {**lagging, "ex2": offered}, "DB01") == {"ex3": [("DB01", True)]}


def test_servers_are_taken_in_the_order_that_the_job_has() -> None:
    assert chosen(servers("ex3", "ex2"), dag()) == {"ex2": [("DB02", False)], "ex3": [("DB01", True)]}
    assert chosen(servers("ex2", "ex3"), dag()) == {"ex2": [("DB01", True), ("DB02", False)]}


def test_databases_are_named_by_caption_or_guid_and_taken_once() -> None:
    wanted = ("DB01", "db01", guid("DB01"), "{" + guid("DB01").upper() + "}")
    assert chosen(ACTIVE, dag(), *wanted) == {"ex1": [("DB01", False)]}


@pytest.mark.parametrize(
    ("preference", "named"),
    [
        (CopyPreference.ACTIVE, ("ex1",)),
        (CopyPreference.SERVERS, ()),
        (CopyPreference.PASSIVE_PREFERRED, ("x",)),
    ],
)
def test_servers_go_with_the_choice_of_servers_alone(
    preference: CopyPreference, named: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError, match="servers are named"):
        CopyChoice(preference, named)


def test_local_copies_of_a_storage_group_are_chosen_between_as_well() -> None:
    group = [database("Mailbox", storage_group="First", role=role) for role in (A, P)]
    offered = (component("First"), component("First", role=P, owner="replica-1"))
    surveys = {"ex1": server(*group, version=ExchangeVersion.EXCHANGE_2007, components=offered)}
    assert chosen(ACTIVE, surveys, "First") == {"ex1": [("First", False)]}
    assert chosen(PASSIVE, surveys, "First") == {"ex1": [("First", True)]}
    assert chosen(servers("ex1"), surveys, "First") == {"ex1": [("First", True)]}


def test_a_host_that_does_not_tell_what_exchange_knows_is_believed_by_its_paths() -> None:
    mute = {host: replace(survey, exchange=None) for host, survey in dag().items()}
    assert chosen(ACTIVE, mute, "DB01") == {"ex1": [("DB01", False)]}
    assert chosen(PASSIVE, mute, "DB01") == {"ex2": [("DB01", True)]}


# ------------------------------------------------------------------ refusals


def test_a_database_without_a_copy_that_will_do_says_what_became_of_each() -> None:
    surveys = with_copy(dag(), "ex2", copy("DB01", P, mounted=False))
    del surveys["ex1"]
    (finding,) = refused(ACTIVE, surveys)
    assert said([finding]) == [("policy.no-copy", "DB01", True)]
    assert finding.text == (
        "Wanted: active. Seen: EX01: not reached; ex2: passive, not offered by its writer; "
        "ex3: passive, not what the job allows."
    )


def test_a_copy_that_is_offered_but_unfit_says_why() -> None:
    down = server(copy("DB01", A, mounted=False), name="EX01", components=(component("DB01"),))
    behind = copy("DB01", P, mounted=False)
    stuck = server(behind, name="EX02", components=(component("DB01", "EX02", role=P),))
    (finding,) = refused(servers("ex1", "ex2"), {"ex1": down, "ex2": stuck})
    assert finding.text == (
        "Wanted: ex1, ex2. Seen: EX03: not reached; ex1: active, not mounted; ex2: passive, does not replay."
    )


@pytest.mark.parametrize("wanted", ["DB01", "db01", guid("DB01").upper()])
def test_a_database_that_nobody_offers_is_named_where_it_is_known(wanted: str) -> None:
    down = {"ex1": server(database("DB01", mounted=False)), "ex2": server(name="EX02")}
    (finding,) = refused(ACTIVE, down, wanted)
    assert finding.text == "Wanted: active. Seen: ex1: active, not offered by its writer."


def test_a_database_that_nobody_has_and_an_empty_job_are_refused() -> None:
    (finding,) = refused(ACTIVE, dag(), "DB09")
    assert said([finding]) == [("policy.no-copy", "DB09", True)]
    assert "Seen: none on any host that answered." in finding.text
    assert said(choose_copies(ACTIVE, dag(), ())) == [("input.unknown-component", "components", True)]  # type: ignore[arg-type]  # findings, as just said


def test_one_database_without_a_copy_refuses_the_whole_choice() -> None:
    assert said(refused(ACTIVE, dag(), "DB01", "DB09")) == [("policy.no-copy", "DB09", True)]


def test_two_databases_of_one_name_are_not_guessed_at() -> None:
    other = replace(copy("Other", A), name="DB01")
    foreign = replace(component("Other", "EX09"), caption="DB01")
    surveys = {**dag(), "ex9": server(other, name="EX09", components=(foreign,))}
    (finding,) = refused(ACTIVE, surveys)
    assert said([finding]) == [("input.unknown-component", "DB01", True)]
    assert chosen(ACTIVE, surveys, guid("Other")) == {"ex9": [("DB01", False)]}


@pytest.mark.parametrize("choice", [ACTIVE, PASSIVE, servers("ex3")])
def test_two_active_copies_of_one_database_are_a_move_under_way(choice: CopyChoice) -> None:
    surveys = with_copy(dag(), "ex2", copy("DB01", A))
    (finding,) = refused(choice, surveys)
    assert said([finding]) == [("policy.copy-role-unclear", "DB01", True)]
    assert "on ex1 and on ex2" in finding.text


@pytest.mark.parametrize("choice", [ACTIVE, PASSIVE, servers("ex3")])
def test_vss_and_exchange_in_disagreement_are_a_move_under_way(choice: CopyChoice) -> None:
    surveys = dag()
    surveys["ex2"] = replace(surveys["ex2"], exchange=server(copy("DB01", A)).exchange)
    (finding,) = refused(choice, surveys)
    assert said([finding]) == [("policy.copy-role-unclear", "DB01", True)]
    assert "On ex2 VSS offers the passive copy; Exchange says active." in finding.text


@pytest.mark.parametrize("choice", [ACTIVE, PASSIVE, servers("ex3")])
@pytest.mark.parametrize("mounted", [True, False])
def test_a_database_is_left_alone_while_any_copy_of_it_is_in_backup(
    choice: CopyChoice, *, mounted: bool
) -> None:
    surveys = with_copy(dag(), "ex2", copy("DB01", P, in_backup_by="nightly", mounted=mounted))
    (finding,) = refused(choice, surveys)
    assert said([finding]) == [("policy.database-in-backup", "DB01", True)]
    assert "on ex2 is held in backup by nightly" in finding.text


def test_a_group_is_left_alone_while_a_copy_that_is_not_offered_is_in_backup() -> None:
    e2007 = ExchangeVersion.EXCHANGE_2007
    held = database("Mailbox", storage_group="Renamed", role=P, in_backup_by="nightly")
    surveys = {
        "ex1": server(database("Mailbox", storage_group="First"), version=e2007),
        "ex2": server(held, version=e2007, name="EX02", components=()),
    }
    assert said(refused(ACTIVE, surveys, "First")) == [("policy.database-in-backup", "First", True)]


def test_a_backup_is_seen_where_the_host_with_the_copy_does_not_tell() -> None:
    held = replace(copy("DB01", P, in_backup_by="nightly"), name="Renamed")
    surveys = {
        "ex1": replace(dag()["ex1"], exchange=None),
        "ex2": server(held, name="EX02", components=()),
    }
    assert said(refused(ACTIVE, surveys)) == [("policy.database-in-backup", "DB01", True)]


def test_the_backup_of_a_stranger_of_the_same_name_is_no_matter() -> None:
    stranger = replace(copy("Other", A, in_backup_by="nightly"), name="DB01")
    surveys = {**dag(), "ex9": server(stranger, name="EX09", components=())}
    assert chosen(ACTIVE, surveys, "DB01") == {"ex1": [("DB01", False)]}


def test_the_backup_of_another_database_is_no_matter() -> None:
    surveys = with_copy(dag(), "ex2", copy("DB02", A, in_backup_by="nightly"))
    assert chosen(PASSIVE, surveys, "DB01") == {"ex2": [("DB01", True)]}


def test_findings_do_not_depend_on_the_order_of_the_hosts() -> None:
    surveys = dag()
    for host in ("ex2", "ex3"):
        surveys[host] = replace(surveys[host], exchange=server(copy("DB01", A)).exchange)
    backwards = dict(reversed(surveys.items()))
    assert refused(ACTIVE, backwards) == refused(ACTIVE, surveys)


def test_what_other_writers_offer_or_what_cannot_be_selected_is_no_copy() -> None:
    tables = replace(component("DB01"), instance_id="sql-1")
    part = replace(component("DB01"), selectable=False)
    surveys = {"ex1": server(components=(tables, part))}
    assert said(refused(ACTIVE, surveys)) == [("policy.no-copy", "DB01", True)]


# ------------------------------------------------------------------ ownership


@pytest.mark.parametrize(
    ("host", "now"),
    [
        ("ex1", copy("DB01", P)),
        ("ex1", copy("DB01", A, mounted=False)),
        ("ex2", copy("DB01", A)),
        ("ex3", copy("DB01", P, mounted=False)),
    ],
)
def test_a_database_whose_copies_changed_since_the_plan_is_found(host: str, now: MailboxDatabase) -> None:
    planned = choose_copies(ACTIVE, dag(), ["DB01", "DB02"])
    assert isinstance(planned, Mapping)
    components = [one for found in planned.values() for one in found]
    before = read_ownership(dag(), components)
    assert check_ownership(before, read_ownership(dag(), components)) == ()
    after = read_ownership(with_copy(dag(), host, now), components)
    (finding,) = check_ownership(before, after)
    assert said([finding]) == [("policy.ownership-changed", "DB01", True)]
    assert host in finding.text


def test_roles_that_only_exchange_or_only_vss_tells_of_count() -> None:
    before = read_ownership(dag(), [component("DB01")])
    moved = dag()
    moved["ex3"] = replace(moved["ex3"], exchange=server(copy("DB01", A), name="EX03").exchange)
    assert check_ownership(before, read_ownership(moved, [component("DB01")]))
    stopped = server(copy("DB01", P, mounted=False)).exchange
    moved = {**dag(), "ex3": replace(dag()["ex3"], exchange=stopped)}
    assert check_ownership(before, read_ownership(moved, [component("DB01")]))
    moved = {**dag(), "ex3": replace(dag()["ex3"], components=(component("DB01", "EX03"),))}
    assert check_ownership(before, read_ownership(moved, [component("DB01")]))


def test_a_database_or_a_host_that_is_gone_has_changed() -> None:
    before = read_ownership(dag(), [component("DB01")])
    (finding,) = check_ownership(before, {})
    assert "Now: nothing instead." in finding.text
    rest = {host: survey for host, survey in dag().items() if host != "ex3"}
    (finding,) = check_ownership(before, read_ownership(rest, [component("DB01")]))
    assert "ex3 offers the passive copy" in finding.text
    (finding,) = check_ownership(read_ownership(rest, [component("DB01")]), before)
    assert "nothing of it is gone" in finding.text
