from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.exchange import CopyRole, ExchangeVersion
from orchestrator.policy.exchange_databases import (
    Selection,
    copies_behind,
    databases_behind,
    with_files_below,
)
from orchestrator.policy.exchange_rules import RULES, Rule, check_exchange
from orchestrator.policy.exchange_selection import check_wanted
from orchestrator.policy.truncation import BackupType
from tests.orchestrator.policy.exchange_server import (
    TABLES,
    all_of,
    component,
    database,
    guid,
    member,
    path,
    said,
    server,
)

E2003, E2007, E2010, E2016 = (
    ExchangeVersion.EXCHANGE_2003,
    ExchangeVersion.EXCHANGE_2007,
    ExchangeVersion.EXCHANGE_2010,
    ExchangeVersion.EXCHANGE_2016,
)
FIRST = (
    database("Mailbox Store", storage_group="First"),
    database("Public Folder Store", storage_group="First"),
)


@pytest.mark.parametrize("version", ExchangeVersion)
def test_a_server_in_good_order_is_not_refused(version: ExchangeVersion) -> None:
    databases = FIRST if version.by_storage_group else (database("DB01"), database("DB02"))
    survey = server(*databases, version=version)
    assert check_exchange(all_of(survey)) == ()
    assert check_wanted([one.caption for one in survey.components if one.selectable], survey) == ()


# ------------------------------------------------------------------ storage groups


@pytest.mark.parametrize("version", [E2003, E2007])
@pytest.mark.parametrize("wanted", ["Mailbox Store", "mailbox store", guid("Mailbox Store")])
def test_who_names_one_database_of_a_group_is_told_the_group_and_what_comes_along(
    version: ExchangeVersion, wanted: str
) -> None:
    (finding,) = check_wanted([wanted], server(*FIRST, version=version))
    assert said([finding]) == [("policy.whole-storage-group", wanted, True)]
    assert f"Exchange {int(version)}" in finding.text
    assert "'First' (Mailbox Store, Public Folder Store)" in finding.text


def test_databases_of_the_same_name_in_two_groups_are_both_told() -> None:
    twice = (*FIRST, replace(database("Second Store"), name="Mailbox Store", storage_group="Second"))
    (finding,) = check_wanted(["Mailbox Store"], server(*twice, version=E2007))
    assert "'First' (Mailbox Store, Public Folder Store) or 'Second' (Mailbox Store)" in finding.text


def test_a_database_of_the_recovery_group_may_bear_the_name_of_its_original() -> None:
    restored = replace(database("Restored"), name="Mailbox Store", storage_group="Recovery", recovery=True)
    (finding,) = check_wanted(["Mailbox Store"], server(*FIRST, restored, version=E2007))
    assert finding.code == "policy.whole-storage-group"
    assert "'First'" in finding.text
    assert "Recovery" not in finding.text


def test_a_group_that_is_offered_is_judged_once_it_is_selected() -> None:
    survey = server(FIRST[0], replace(FIRST[1], mounted=False), version=E2007)
    assert check_wanted(["First"], survey) == ()


def test_a_group_stands_for_all_of_its_databases_mounted_or_not() -> None:
    dismounted = replace(FIRST[1], mounted=False)
    survey = server(FIRST[0], dismounted, database("Other", storage_group="Second"), version=E2003)
    assert databases_behind(component("First"), survey) == (FIRST[0], dismounted)


def test_members_are_found_by_guid_where_the_name_of_the_group_was_changed() -> None:
    survey = server(*FIRST, version=E2007)
    renamed = tuple(replace(one, caption="Renamed") for one in survey.components if one.selectable)
    assert databases_behind(renamed[0], survey) == FIRST


@pytest.mark.parametrize(
    ("version", "backup_type", "fatal"),
    [
        (E2003, BackupType.COPY, True),
        (E2003, BackupType.FULL, True),
        (E2007, BackupType.COPY, False),
        (E2007, BackupType.FULL, True),
    ],
)
def test_a_dismounted_member_spoils_its_group(
    version: ExchangeVersion, backup_type: BackupType, *, fatal: bool
) -> None:
    survey = server(FIRST[0], replace(FIRST[1], mounted=False), version=version)
    findings = [one for one in check_exchange(all_of(survey, backup_type)) if "dismounted" in one.code]
    assert said(findings) == [("policy.database-dismounted", "First", fatal)]
    assert "Public Folder Store does not" in findings[0].text


def test_a_group_with_no_database_mounted_is_refused_on_2007_as_well() -> None:
    down = [replace(one, mounted=False) for one in FIRST]
    assert said(check_exchange(all_of(server(*down, version=E2007)))) == [
        ("policy.database-dismounted", "First", True)
    ]


# ------------------------------------------------------------------ what VSS does not list


@pytest.mark.parametrize(
    ("version", "step"),
    [(E2010, "`Mount-Database 'DB01'`."), (E2016, "`Mount-Database 'DB01'`.")],
)
def test_a_dismounted_database_is_named_with_the_command_that_mounts_it(
    version: ExchangeVersion, step: str
) -> None:
    (finding,) = check_wanted(["DB01"], server(database("DB01", mounted=False), version=version))
    assert said([finding]) == [("policy.database-dismounted", "DB01", True)]
    assert finding.text.endswith(step)


def test_a_group_that_is_not_offered_because_it_is_dismounted_is_named() -> None:
    down = [replace(one, mounted=False) for one in FIRST]
    (finding,) = check_wanted(["First"], server(*down, version=E2007, components=()))
    assert finding.code == "policy.database-dismounted"
    assert r"`Mount-Database 'First\Mailbox Store'`." in finding.text


def test_a_recovery_database_is_refused_and_nobody_is_told_to_mount_it() -> None:
    survey = server(database("RDB1", recovery=True, mounted=False), database("DB01"))
    assert said(check_wanted(["RDB1"], survey)) == [("policy.recovery-database", "RDB1", True)]


def test_a_recovery_storage_group_is_refused_by_its_name() -> None:
    survey = server(database("Old", storage_group="Recovery", recovery=True), version=E2003)
    assert said(check_wanted(["Recovery"], survey)) == [("policy.recovery-database", "Recovery", True)]
    assert said(check_wanted(["Old"], survey)) == [("policy.recovery-database", "Old", True)]


def test_a_recovery_database_that_a_writer_offers_nevertheless_is_refused() -> None:
    survey = server(database("RDB1", recovery=True), components=(component("RDB1"),))
    assert said(check_exchange(all_of(survey))) == [("policy.recovery-database", "RDB1", True)]


def test_a_database_dismounted_between_two_answers_is_refused() -> None:
    survey = server(database("DB01", mounted=False), components=(component("DB01"),))
    assert said(check_exchange(all_of(survey))) == [("policy.database-dismounted", "DB01", True)]


def test_names_that_exchange_does_not_know_are_left_to_others() -> None:
    survey = server(database("DB01"))
    assert check_wanted(["DB02", "db01"], survey) == ()
    assert check_wanted([""], server(database("DB01", mounted=False))) == ()
    assert check_wanted(["DB01"], replace(survey, exchange=None)) == ()


# ------------------------------------------------------------------ databases with their logs


def test_a_selected_component_brings_the_files_of_all_that_is_below_it_and_of_nothing_else() -> None:
    bare = replace(component("First"), files=())
    below = member("Mailbox Store", "First")
    logs = replace(member("Logs", "First"), name="Logs", files=(r"L:\E00*.log", r"L:\E00*.log"))
    deeper = replace(below, logical_path=rf"{below.logical_path.upper()}\DEEPER", files=(r"S:\x.stm",))
    strangers = (
        member("Elsewhere", "Second"),
        replace(below, instance_id="replica-1", files=(r"Z:\not-this-writers.edb",)),
    )
    survey = server(components=(bare, below, logs, deeper, *strangers), version=E2007)
    (whole,) = with_files_below([bare], survey)
    assert whole.files == (r"E:\First\Mailbox Store.edb", r"L:\E00*.log", r"S:\x.stm")
    top = replace(bare, logical_path="", name=bare.logical_path)
    assert r"E:\First\Mailbox Store.edb" in with_files_below([top], survey)[0].files


@pytest.mark.parametrize("lost", [".edb", ".log"])
def test_a_component_without_its_database_or_its_logs_is_refused(lost: str) -> None:
    whole = component("DB01")
    part = replace(whole, files=tuple(file.upper() for file in whole.files if not file.endswith(lost)))
    (finding,) = check_exchange(all_of(server(database("DB01"), components=(part,))))
    assert said([finding]) == [("policy.component-incomplete", "DB01", True)]
    assert f"*{lost}" in finding.text


def test_a_component_whose_files_only_its_parts_list_is_whole() -> None:
    bare = replace(component("DB01"), files=())
    parts = [
        replace(
            component("DB01"), logical_path=rf"{path('EX01')}\{guid('DB01')}", name=name, selectable=False
        )
        for name in ("File", "Logs")
    ]
    parts = [replace(one, files=one.files[:1] if one.name == "File" else one.files[1:]) for one in parts]
    assert check_exchange(all_of(server(database("DB01"), components=(bare, *parts)))) == ()


# ------------------------------------------------------------------ writers and copies


def test_exchange_shares_a_set_with_nobody_not_even_under_the_same_name() -> None:
    tables = replace(TABLES, caption="DB01")
    survey = server(database("DB01"), components=(component("DB01"), tables))
    (finding,) = check_exchange(all_of(survey))
    assert said([finding]) == [("policy.mixed-writers", "DB01", True)]
    assert "(sql)" in finding.text
    assert check_exchange(replace(all_of(survey), components=(tables,))) == ()


def test_the_store_and_the_replica_writer_share_a_set() -> None:
    databases = (database("DB01"), database("DB02", role=CopyRole.PASSIVE))
    offered = (component("DB01"), component("DB02", role=CopyRole.PASSIVE, owner="replica-1"))
    assert check_exchange(all_of(server(*databases, version=E2010, components=offered))) == ()


def test_both_copies_of_one_group_on_one_server_are_refused() -> None:
    """Local continuous replication, 2007: the server itself has the passive copy too."""
    passive = tuple(replace(one, role=CopyRole.PASSIVE) for one in FIRST)
    offered = (component("First"), component("First", role=CopyRole.PASSIVE, owner="replica-1"))
    survey = server(*FIRST, *passive, version=E2007, components=offered)
    assert said(check_exchange(all_of(survey))) == [("policy.copy-twice", "First", True)] * 2
    assert copies_behind(offered[1], survey) == passive
    assert check_exchange(replace(all_of(survey), components=offered[:1])) == ()


def test_a_database_whose_role_vss_and_exchange_tell_differently_is_refused() -> None:
    survey = server(database("DB01", role=CopyRole.PASSIVE), components=(component("DB01"),))
    (finding,) = check_exchange(all_of(survey))
    assert said([finding]) == [("policy.copy-role-unclear", "DB01", True)]
    assert "VSS offers it as the active copy, Exchange says that it is passive." in finding.text


@pytest.mark.parametrize("known", [True, False])
def test_what_exchange_does_not_tell_is_said_and_not_refused(*, known: bool) -> None:
    survey = server(components=(component("DB01"),))
    survey = survey if known else replace(survey, exchange=None)
    assert said(check_exchange(all_of(survey))) == [("policy.exchange-silent", "DB01", False)]


def test_a_database_that_two_components_lead_to_is_judged_once() -> None:
    survey = server(database("DB01", in_backup_by="nightly"))
    twice = Selection(survey.components * 2, survey)
    assert len(twice.copies) == 1


def test_a_database_is_found_by_guid_first_and_by_caption_where_no_guid_fits() -> None:
    renamed = replace(database("DB01"), name="Renamed")
    impostor = replace(database("DB09"), name="DB01")
    assert databases_behind(component("DB01"), server(renamed, impostor)) == (renamed,)
    assert databases_behind(component("DB01"), server(impostor)) == (impostor,)
    assert databases_behind(TABLES, server(replace(database("x"), name="crm"))) == ()


# ------------------------------------------------------------------ the table


def test_each_rule_stands_once_in_the_table_and_each_check_in_one_rule() -> None:
    checks = [rule.check for rule in RULES if rule.check is not None]
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert len(set(checks)) == len(checks)


def test_rules_hold_for_their_versions_and_all_of_them_for_one_that_nobody_knows() -> None:
    rule = Rule("policy.copy-twice", "", since=E2007, until=E2010)
    assert [one for one in ExchangeVersion if rule.holds_for(one)] == [E2007, E2010]
    assert rule.holds_for(None)
    assert [
        Rule("", "", since=since, until=until).versions
        for since, until in [
            (E2003, max(ExchangeVersion)),
            (E2007, max(ExchangeVersion)),
            (E2003, E2007),
            (E2003, E2003),
        ]
    ] == ["all", "2007 and later", "2003 to 2007", "2003"]
