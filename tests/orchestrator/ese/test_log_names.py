from __future__ import annotations

import pytest

from orchestrator.ese.log_names import LogKind, LogName, log_file_name, parse_name

NAMES: list[tuple[str, LogName | None]] = [
    ("E00.log", LogName("E00", LogKind.CURRENT)),
    ("edb.LOG", LogName("EDB", LogKind.CURRENT)),
    ("V01.jtx", LogName("V01", LogKind.CURRENT)),
    ("E000001A.log", LogName("E00", LogKind.NUMBERED, 0x1A)),
    ("e00fffff.log", LogName("E00", LogKind.NUMBERED, 0xFFFFF)),
    ("E0000100000.log", LogName("E00", LogKind.NUMBERED, 0x100000)),
    ("trn0000001F.jtx", LogName("TRN", LogKind.NUMBERED, 0x1F)),
    ("SRUtmp.log", LogName("SRU", LogKind.TEMPORARY)),
    ("SRUTMP.JTX", LogName("SRU", LogKind.TEMPORARY)),
    ("res1.log", LogName("", LogKind.RESERVE)),
    ("res2.log", LogName("", LogKind.RESERVE)),
    ("E00res00002.jrs", LogName("E00", LogKind.RESERVE)),
    ("E00.chk", LogName("E00", LogKind.CHECKPOINT)),
    ("SRU.jcp", LogName("SRU", LogKind.CHECKPOINT)),
    (r"E:\logs/sub\E00.log", LogName("E00", LogKind.CURRENT)),
    ("E0000000.log", None),  # no engine counts from 0
    ("E00FFFFFFFF.log", None),  # nor so far
    ("E00123456.log", None),
    ("E0000001.txt", None),
    ("E0000001.log.bak", None),
    ("priv1.edb", None),
    ("E00000G1.log", None),
    ("", None),
]


@pytest.mark.parametrize(("name", "parsed"), NAMES)
def test_a_name_says_what_a_file_is(name: str, parsed: LogName | None) -> None:
    assert parse_name(name) == parsed


def test_only_full_logs_and_the_current_one_are_of_the_stream() -> None:
    in_stream = [name for name, parsed in NAMES if parsed and parsed.in_stream]
    assert "SRUtmp.log" not in in_stream
    assert "res1.log" not in in_stream
    assert "E00.chk" not in in_stream
    assert len(in_stream) == 8


@pytest.mark.parametrize(
    ("like", "name"),
    [
        ("", "E000000001B.log"),
        ("a/E000001A.log", "E000001B.log"),
        ("E000000001A.jtx", "E000000001B.jtx"),
        ("E00.log", "E000000001B.log"),
    ],
)
def test_a_missing_log_is_named_as_its_neighbours_are(like: str, name: str) -> None:
    assert log_file_name("E00", 0x1B, like) == name
