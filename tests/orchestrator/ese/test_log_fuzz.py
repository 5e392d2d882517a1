"""Whatever bytes a log, a checkpoint, a flush map or a header holds: only findings come back."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ese.checkpoint import read_checkpoint
from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.flush_map import check_flush_map
from orchestrator.ese.header_fields import Field
from orchestrator.ese.log_file import check_log, read_log_header
from orchestrator.ese.log_layout import LAYOUT
from orchestrator.ese.log_names import log_file_name, parse_name
from orchestrator.ese.reports import BodyState, DatabaseReport, PagesReport
from orchestrator.ese.sealing import seal_header
from orchestrator.ese.verdict import findings_for, judge
from orchestrator.model.verification import Severity
from tests.fuzzing import damaged, fuzzed
from tests.orchestrator.ese.building import (
    CLEAN,
    Flush,
    checkpoint_file,
    database_start,
    flush_map_file,
    log7,
    log8,
    put,
    stream8,
    stream_report,
)

pytestmark = pytest.mark.many

LOGS: Final = (
    bytes(log8(26)),
    bytes(log8(26, good=2)),
    bytes(log7(26)),
    bytes(log7(26, (Flush(), Flush(2, 30), Flush(1, 50, 300)), spare=3, shadow=True)),
)
NAMES: Final = st.sampled_from(["E00.log", "E000001A.log", "E000000001A.jtx", "x"])


@fuzzed
@given(damaged(*LOGS), NAMES)
def test_a_damaged_log_only_gives_findings(data: bytes, name: str) -> None:
    report = check_log(name, data)
    read_log_header(name, data[:4096])
    assert report.intact or report.findings
    assert report.body is not BodyState.DAMAGED or report.findings
    assert len(report.findings) < 60


@fuzzed
@given(damaged(*LOGS), NAMES, st.sampled_from(sorted(LAYOUT)), st.binary(min_size=28, max_size=28))
def test_a_header_that_lies_under_a_right_checksum_only_gives_findings(
    data: bytes, name: str, label: str, raw: bytes
) -> None:
    log = bytearray(data.ljust(4096, b"\0"))
    field: Field = LAYOUT[label]
    put(log, field, raw[: field.kind.size])
    head = log[:4096]
    seal_header(head)
    log[:4096] = head
    report = check_log(name, bytes(log))
    stream_report({name: log} if parse_name(name) else {})
    assert report.intact or report.findings


@fuzzed
@given(damaged(bytes(checkpoint_file(26))))
def test_a_damaged_checkpoint_only_gives_warnings(data: bytes) -> None:
    report = read_checkpoint("E00.chk", data)
    assert {each.severity for each in report.findings} <= {Severity.WARNING}
    assert report.position is not None or report.findings


@fuzzed
@given(damaged(bytes(flush_map_file(2))))
def test_a_damaged_flush_map_only_gives_warnings(data: bytes) -> None:
    header = read_header_pair(database_start(), "DB.edb").header
    assert {each.severity for each in check_flush_map("DB.jfm", data, header).findings} <= {Severity.WARNING}


@fuzzed
@given(st.text(max_size=20) | st.from_regex(r"E0[0-9A-F]{4,12}\.(log|jtx|chk|jrs)", fullmatch=True))
def test_any_name_is_parsed_or_not(name: str) -> None:
    parsed = parse_name(name)
    if parsed and parsed.generation:
        assert parse_name(log_file_name(parsed.base, parsed.generation, name)) == parsed


STREAMS: Final = {name: bytes(data) for name, data in stream8(1, 4).items()}
START: Final = database_start()


@fuzzed
@given(
    st.dictionaries(st.sampled_from(sorted(STREAMS)), st.booleans(), min_size=1),
    damaged(*STREAMS.values()),
    st.dictionaries(
        st.sampled_from(["dbstate", "lGenMinRequired", "lGenMaxRequired", "lGenMaxCommitted"]),
        st.integers(0, 9) | st.sampled_from([-1, 2**31 - 1]),
    ),
    st.booleans(),
)
def test_an_error_is_found_if_and_only_if_the_verdict_is_no_pass(
    chosen: dict[str, bool], odd: bytes, fields: dict[str, int], clean: bool
) -> None:
    """The dictionary names logs that are there; those that are False hold damaged bytes of some log."""
    files = {name: bytearray(STREAMS[name] if whole else odd) for name, whole in chosen.items()}
    start = database_start(**((CLEAN if clean else {}) | fields))
    database = DatabaseReport("DB.edb", 99, read_header_pair(start, "DB.edb"), PagesReport())
    stream = stream_report(files)
    judgement = judge(database, stream)
    found = findings_for(database, stream, judgement)
    errors = [each for each in found if each.severity is Severity.ERROR]
    if judgement.verdict.passed:
        assert errors == []
    elif judgement.verdict.failed:
        assert errors != []
        assert judgement.findings[0].severity is Severity.ERROR
    else:
        assert judgement.not_checked
