from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ese_samples import sample_path
from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.cli.ese_files import PAGE_SIZE, database, log, write_logs, write_set


def test_a_database_header_is_shown_by_the_names_of_the_engine(quiesce: Quiesce, tmp_path: Path) -> None:
    path = write_set(tmp_path)
    result = quiesce("ese", "header", str(path), "--json").result
    assert (result["kind"], result["copies"]) == ("database", {"primary": "good", "shadow": "good"})
    assert result["fields"]["dbstate"] == "2 (DirtyShutdown)"
    assert (result["fields"]["lGenMinRequired"], result["fields"]["lGenMaxCommitted"]) == ("26", "29")
    text = quiesce("ese", "header", str(path)).out
    assert text.startswith(f"{path}: database (primary copy good, shadow copy good)\n")
    assert "\n  dbstate                      2 (DirtyShutdown)\n" in text


@pytest.mark.parametrize(("copy", "states"), [(0, ("bad", "good")), (1, ("good", "bad"))])
def test_one_good_copy_is_enough(
    quiesce: Quiesce, tmp_path: Path, copy: int, states: tuple[str, str]
) -> None:
    data = database()
    data[copy * PAGE_SIZE : copy * PAGE_SIZE + 700] = bytes(700)
    path = tmp_path / "DB01.edb"
    path.write_bytes(data)
    ended = quiesce("ese", "header", str(path), "--json")
    assert (ended.status, tuple(ended.result["copies"].values())) == (0, states)
    assert [each["code"] for each in ended.result["findings"]] == ["ese.header-copy-bad"]
    assert f"{'primary' if copy == 0 else 'shadow'} copy bad" in quiesce("ese", "header", str(path)).out


@pytest.mark.parametrize("name", ["DB01.edb", "E00.log", "E00.chk", "DB01.jfm"])
def test_a_header_that_is_gone_fails_with_a_finding(quiesce: Quiesce, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\0\x07" * 40_000)
    ended = quiesce("ese", "header", str(path), "--json")
    assert (ended.status, ended.result["fields"]) == (5, {})
    assert ended.result["findings"]
    assert "next: " in quiesce("ese", "header", str(path)).out


@pytest.mark.parametrize(
    ("name", "kind", "field", "value"),
    [
        ("srum-win11-dirty/SRUDB.dat", "database", "dwBuildNumber", "22000"),
        ("srum-win11-dirty/SRU.log", "log", "lGeneration", "92"),
        ("srum-win11-dirty/SRU.chk", "checkpoint", "lgposCheckpoint", "(5C,8,0)"),
        ("srum-win11-dirty/SRUDB.jfm", "flush map", "lGenMinRequired", "92"),
        ("synthetic-e2003/E000001A.log", "log", "lGeneration", "26"),
    ],
)
def test_headers_of_real_files_are_shown_whatever_they_are_called(
    quiesce: Quiesce, tmp_path: Path, name: str, kind: str, field: str, value: str
) -> None:
    renamed = tmp_path / "copy.bin"
    renamed.write_bytes(sample_path(name).read_bytes())
    for path in (sample_path(name), renamed):
        result = quiesce("ese", "header", str(path), "--json").result
        assert (result["kind"], result["fields"][field]) == (kind, value)


LOGS = """\
clean: each log is whole, and follows upon the one before
stream E00 in SET: logs 0x1A to 0x1D
  0x0000001A  E000000001A.log  intact, 14 good segments, first
  0x0000001B  E000000001B.log  intact, 14 good segments, follows
  0x0000001C  E000000001C.log  intact, 14 good segments, follows
  0x0000001D  E00.log          intact, 14 good segments, follows
"""


def test_a_stream_is_shown_log_by_log(quiesce: Quiesce, tmp_path: Path) -> None:
    write_logs(tmp_path)
    ended = quiesce("ese", "logs", str(tmp_path))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.replace(str(tmp_path), "SET").startswith(LOGS)
    result = quiesce("ese", "logs", str(tmp_path), "--json").result
    (stream,) = result["streams"]
    assert result["verdict"] == "clean"
    assert [each["generation"] for each in stream["logs"]] == [0x1A, 0x1B, 0x1C, 0x1D]
    assert stream["logs"][0] == {
        "name": str(tmp_path / "E000000001A.log"),
        "size_bytes": 65536,
        "generation": 0x1A,
        "state": "intact",
        "segments": 14,
        "circular": False,
    }


def test_one_log_stands_for_its_stream(quiesce: Quiesce, tmp_path: Path) -> None:
    write_logs(tmp_path)
    write_logs(tmp_path / "below")
    (stream,) = quiesce("ese", "logs", str(tmp_path / "E000000001B.log"), "--json").result["streams"]
    assert len(stream["logs"]) == 4
    assert len(quiesce("ese", "logs", str(tmp_path), "--json").result["streams"]) == 2


def test_a_database_beside_them_is_not_read(quiesce: Quiesce, tmp_path: Path) -> None:
    (write_set(tmp_path)).write_bytes(b"\7" * 70_000)
    assert quiesce("ese", "logs", str(tmp_path)).status == 0


def test_a_gap_is_seen_and_the_log_behind_it_does_not_follow(quiesce: Quiesce, tmp_path: Path) -> None:
    write_logs(tmp_path)
    (tmp_path / "E000000001B.log").unlink()
    ended = quiesce("ese", "logs", str(tmp_path))
    assert ended.status == 5
    assert ended.out.startswith("damaged: see below what speaks against them\n")
    assert "logs 0x1A to 0x1D; missing: 0x1B\n" in ended.out
    assert "E000000001C.log  intact, 14 good segments, after a gap\n" in ended.out
    assert "code: ese.log-gap" in ended.out


def test_a_warning_about_a_log_does_not_break_the_chain(quiesce: Quiesce) -> None:
    ended = quiesce("ese", "logs", str(sample_path("srum-win11-dirty/SRU.log").parent))
    assert ended.status == 0
    assert "SRU.log          intact, 9 good segments, follows, circular logging\n" in ended.out
    assert "\n  checkpoint  SRU.chk  at (5C,8,0)\n" in ended.out
    assert "warning: SRU.log, header: " in ended.out


def test_a_log_with_other_contents_does_not_follow(quiesce: Quiesce, tmp_path: Path) -> None:
    write_logs(tmp_path)
    other, _ = log(0x1C, 0x1234)
    (tmp_path / "E000000001C.log").write_bytes(other)
    ended = quiesce("ese", "logs", str(tmp_path))
    assert ended.status == 5
    assert "E000000001C.log  intact, 14 good segments, DOES NOT FOLLOW: see below\n" in ended.out


def test_a_damaged_log_is_shown_as_such(quiesce: Quiesce, tmp_path: Path) -> None:
    write_logs(tmp_path)
    path = tmp_path / "E000000001B.log"
    data = bytearray(path.read_bytes())
    data[5 * 4096 + 200] ^= 0xFF
    path.write_bytes(data)
    (tmp_path / "E000000001C.log").write_bytes(bytes(65536))
    ended = quiesce("ese", "logs", str(tmp_path))
    assert ended.status == 5
    assert "E000000001B.log  damaged, " in ended.out
    assert "\n  unreadable  E000000001C.log  " in ended.out


HELP = """
import sys
from orchestrator.__main__ import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("args", [["ese", "--help"], ["ese", "check", "--help"]])
def test_help_loads_nothing_that_reads(args: list[str]) -> None:
    ended = subprocess.run([sys.executable, "-c", HELP, *args], capture_output=True, text=True, check=False)
    loaded = set(ended.stderr.splitlines()[-1].split())
    assert {"click", "orchestrator"} <= loaded
    heavy = "numpy numba pyfsntfs pydantic rich sqlalchemy structlog aiohttp pluggy asyncio concurrent"
    assert not loaded & set(heavy.split())
