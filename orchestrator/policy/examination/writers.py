"""The writers that answered: which are there, which of them own databases, and what none of them offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.model.exchange import MailboxDatabase
from orchestrator.model.hosts import CheckStatus, Component, HostCheck, Survey

EXCHANGE_WRITER_ID: Final = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"  # store and Replication service alike
SQL_WRITER_ID: Final = "a65faa63-5ea8-4ebc-9dbd-a0c4db26912a"
DATABASE_WRITERS: Final = frozenset({EXCHANGE_WRITER_ID, SQL_WRITER_ID})

# Writers of Windows itself (Microsoft's page "In-box VSS writers"): nobody clones what they speak for.
SYSTEM_WRITERS: Final = frozenset(
    {
        "0bada1de-01a9-4625-8278-69e735f39dd2",  # Performance Counters
        "1072ae1c-e5a7-4ea1-9e4a-6f7964656570",  # Cluster Shared Volume
        "12ce4370-5bb7-4c58-a76a-e5d5097e3674",  # File Server Resource Manager
        "2a40fd15-dfca-4aa8-a654-1f8c654603f6",  # IIS Configuration
        "4969d978-be47-48b0-b100-f328f07ac1e0",  # BITS
        "4dc3bdd4-ab48-4d07-adb0-3bee2926fd7f",  # Shadow Copy Optimization
        "542da469-d3e1-473c-9f4f-7847f01fc64f",  # COM+ REGDB
        "59b1f0cf-90ef-465f-9609-6ca8b2938366",  # IIS Metabase
        "6f5b15b5-da24-4d88-b737-63063e3a1f86",  # Certificate Authority
        "75dfb225-e2e4-4d39-9ac9-ffaff65ddf06",  # VSS Metadata Store
        "7e47b561-971a-46e6-96b9-696eeaa53b2a",  # MSMQ
        "8d5194e1-e455-434a-b2e5-51296cce67df",  # Windows Internal Database
        "a6ad56c2-b509-4e6c-bb19-49d8f43532f0",  # WMI
        "afbab4a2-367d-4d15-a586-71dbb18f8485",  # Registry
        "b2014c9e-8711-4c5c-a5a9-3cf384484757",  # NTDS
        "be000cbe-11fe-4426-9c58-531aa6355fc4",  # Automated System Recovery
        "be9ac81e-3619-421f-920f-4c6fea9e93ad",  # DHCP
        "d61d61c8-d73a-4eee-8cdd-f6f9786b7124",  # Task Scheduler
        "dd846aaa-a1b6-42a8-aaf8-03dcb6114bfd",  # AD LDS
        "e8132975-6f93-4464-a53e-1050253ae220",  # System
        "f08c1483-8407-4a26-8c26-6c267a629741",  # WINS
    }
)

START_EXCHANGE: Final = (
    "Start the services MSExchangeIS and MSExchangeRepl (2010 and later need both), look at `vssadmin list "
    "writers` on the host, and check that Administrators have local and remote access in the COM security of "
    "dcomcnfg."
)


def writer_id_of(component: Component, survey: Survey) -> str:
    """Return the id of the writer that owns a component, in lower case; empty if none does."""
    ids = {writer.instance_id: writer.writer_id.lower() for writer in survey.writers}
    return ids.get(component.instance_id, "")


def of_the_system(component: Component, survey: Survey) -> bool:
    """Tell whether a component belongs to a writer of Windows itself."""
    return writer_id_of(component, survey) in SYSTEM_WRITERS


def writer_checks(survey: Survey, *, writers_expected: bool) -> Iterator[HostCheck]:
    """Judge which writers answered, and whether one of them offers each database.

    Args:
        survey: the host as it is.
        writers_expected: whether sets of this host are to be made with writers.
    """
    applications = [each for each in survey.writers if each.writer_id.lower() not in SYSTEM_WRITERS]
    exchange = any(each.writer_id.lower() == EXCHANGE_WRITER_ID for each in applications)
    if survey.exchange is not None and not exchange:
        found = f"Exchange runs on {survey.exchange.name}, and its writer is not in the list."
        yield HostCheck("Exchange writer", CheckStatus.BAD, found, START_EXCHANGE)
    elif applications:
        names = ", ".join(sorted({writer.name for writer in applications}))
        found = f"{len(survey.writers)} answered, among them {names}."
        yield HostCheck("writers", CheckStatus.GOOD, found)
    elif writers_expected:
        found = f"{len(survey.writers)} answered; none of them is an application's."
        yield HostCheck("writers", CheckStatus.BAD, found, START_EXCHANGE)
    if exchange or survey.exchange is None:
        yield from _unlisted_databases(survey)
        yield from _unlisted_files(survey)


def _unlisted_databases(survey: Survey) -> Iterator[HostCheck]:
    if survey.exchange is None:
        return
    for database in survey.exchange.databases:
        if database.mounted and not database.recovery and not _offered(database, survey):
            found = "The writer offers no component for it that can be selected."
            remedy = (
                "Start a new session by `vssadmin list writers`; if it stays away, restart the service that "
                "owns the writer in a quiet moment."
            )
            yield HostCheck(f"database {database.name}", CheckStatus.BAD, found, remedy)


def _offered(database: MailboxDatabase, survey: Survey) -> bool:
    # Up to 2007 the storage group is what can be selected, with every database in it.
    names = {database.name.lower(), database.guid.lower()} | ({database.storage_group.lower()} - {""})
    return any(
        component.selectable and names & {component.caption.lower(), component.name.lower()}
        for component in survey.components
    )


def _unlisted_files(survey: Survey) -> Iterator[HostCheck]:
    offered = {file.lower() for each in survey.components if each.selectable for file in each.files}
    for component in survey.components:
        lacking = [file for file in component.files if file.lower() not in offered]
        if lacking and not of_the_system(component, survey):
            found = f"{lacking[0]} belongs to no component that can be selected."
            remedy = "Nothing that a job can select brings it along. Look at `quiesce host show NAME`."
            yield HostCheck(f"component {component.caption}", CheckStatus.WARNING, found, remedy)
