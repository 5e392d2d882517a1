"""Everything that a survey, the arrays' answers and two readings of the clock say of a host, in one order."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.errors import CATALOGUE
from orchestrator.model.hosts import CheckStatus, HostCheck, HostIdentity, Survey
from orchestrator.model.time import ClockOffset, Reading
from orchestrator.policy.examination.clock import clock_check
from orchestrator.policy.examination.exchange import exchange_checks
from orchestrator.policy.examination.storage import storage_checks
from orchestrator.policy.examination.writers import writer_checks
from orchestrator.policy.supported_hosts import check_host
from orchestrator.policy.topology import Claims


def identity_check(kind: str, name: str, identity: HostIdentity) -> HostCheck:
    """Judge who answered: whether its Windows can be frozen by the path that it is registered by."""
    for finding in check_host(kind, name, identity.product):
        return HostCheck("identity", CheckStatus.BAD, finding.text, CATALOGUE[finding.code].remedy)
    emulated = "; an emulator, whose sets are worth nothing outside a lab" if identity.emulated else ""
    return HostCheck("identity", CheckStatus.GOOD, f"{identity.name}, {identity.product}{emulated}.")


def survey_checks(
    survey: Survey, last: Reading, offset: ClockOffset, claims: Claims, *, writers_expected: bool
) -> Iterator[HostCheck]:
    """Judge a surveyed host.

    Args:
        survey: the host as it is.
        last: its clocks, read once more after the survey.
        offset: of its wall clock against ours.
        claims: for each LUN identity of the survey, the registered arrays that know it.
        writers_expected: whether sets of this host are to be made with writers.
    """
    yield clock_check(offset, survey.clock, last)
    yield from writer_checks(survey, writers_expected=writers_expected)
    if survey.exchange is not None:
        yield from exchange_checks(survey.exchange)
    yield from storage_checks(survey, claims)
