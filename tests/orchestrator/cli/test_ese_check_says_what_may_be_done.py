"""The answers for people, whole: for a clean, a recoverable, a damaged and an unrecoverable set."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from orchestrator.ese.reports import DatabaseState
from tests.ese_samples import sample, sample_path
from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.cli.ese_files import clean_database, database, flip, write_logs, write_set

FILE = """\
  size      808 KiB
  header    first copy good, second copy good
"""
DBTIME = "  dbtime    1,199 at most, on page 199; proves nothing\n"
WHOLE = f"  pages     160 good, 40 blank; 200 in all\n{DBTIME}"
NO_CHECKPOINT = """\
  warning: E00: There is no checkpoint of E00: all logs that are there will be replayed. (ESE error -542)
    next: {ese.checkpoint-missing}
    code: ese.checkpoint-missing
"""
CLEAN = f"""\
clean: SET/DB01.edb
  This database can be mounted as it is; no log is needed.
  next: Nothing. It may be mounted, backed up or handed on.
{FILE}  state     CleanShutdown, version 0x620,20,0, pages of 4 KiB
  needs     no logs
{WHOLE}read SO MUCH
"""
DIRTY = f"""\
{FILE}  state     DirtyShutdown, version 0x620,20,0, pages of 4 KiB
  needs     logs 0x1A to 0x1D; committed up to 0x1D
"""
RECOVERABLE = f"""\
recoverable: SET/DB01.edb
  This database can be mounted after replay of logs 0x1A to 0x1D; all are here and intact.
  next: Nothing. Keep database and logs together: one without the other is not a copy.
{DIRTY}{WHOLE}stream E00 in SET: logs 0x1A to 0x1D
{NO_CHECKPOINT}read SO MUCH
"""
DAMAGED = f"""\
damaged: SET/DB01.edb
  This database is damaged: 2 of its 200 pages are beyond repair.
  next: Do not truncate logs on the source. Check the source's copy of this database in the same way now: if \
it is damaged too, restore an older proven set; if not, check array and cabling and make a new set.
{DIRTY}  pages     157 good, 40 blank, 1 correctable, 2 bad; 200 in all
{DBTIME}  map:
      1 -  64 |......X....c....................................................|
     65 - 128 |....................................X...........................|
    129 - 192 |................................................................|
    193 - 200 |........                                                        |
    . good or blank, c one bit wrong, X bad; each sign is a page, and shows the worst of them
    bad: page 7
    correctable: page 12
    bad: page 101
"""
UNRECOVERABLE = f"""\
unrecoverable: SET/DB01.edb
  This database cannot be mounted: missing: E000000001B.log; DB01.edb cannot be recovered without it.
  next: Do not truncate logs on the source. Look for the files named below (is the log volume's clone of the \
same set?); if they are nowhere, make a new set.
{DIRTY}{WHOLE}\
  error: Missing: E000000001B.log; DB01.edb cannot be recovered without it. (ESE error -543)
    next: {{ese.required-log-missing}}
    code: ese.required-log-missing
stream E00 in SET: logs 0x1A to 0x1D; missing: 0x1B
"""


def shown(quiesce: Quiesce, folder: Path, status: int) -> str:
    """Return what `check` prints of a folder, without its name, times, sizes and the catalogue's words."""
    ended = quiesce("ese", "check", str(folder))
    assert (ended.status, ended.err) == (status, "")
    assert ended.out.isascii()
    text = ended.out.replace(str(folder), "SET")
    text = re.sub(
        r"^read [\d.]+ [KM]iB in \d+\.\d s( \([\d,]+ MB/s\))?$", "read SO MUCH", text, flags=re.MULTILINE
    )
    return re.sub(r"next: .*\n    code: (.*)", r"next: {\1}\n    code: \1", text)


def test_a_clean_database(quiesce: Quiesce, tmp_path: Path) -> None:
    (tmp_path / "DB01.edb").write_bytes(clean_database())
    assert shown(quiesce, tmp_path, 0) == CLEAN


def test_a_recoverable_set(quiesce: Quiesce, tmp_path: Path) -> None:
    write_set(tmp_path)
    assert shown(quiesce, tmp_path, 0) == RECOVERABLE


def test_a_damaged_set(quiesce: Quiesce, tmp_path: Path) -> None:
    data = database()
    flip(data, 7, 800, 1600)
    flip(data, 12, 800)
    flip(data, 101, 1)
    write_set(tmp_path, data)
    text = shown(quiesce, tmp_path, 5)
    assert text.startswith(DAMAGED)
    assert "error: page 7 (byte 32,768): " in text
    assert "warning: page 12 (byte 53,348): Bit 800" in text
    assert "SET/DB01.edb" not in text.partition("\n")[2]  # named in full once


def test_an_unrecoverable_set(quiesce: Quiesce, tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "E000000001B.log").unlink()
    assert shown(quiesce, tmp_path, 5).startswith(UNRECOVERABLE)


def test_a_set_that_has_lost_its_last_log(quiesce: Quiesce, tmp_path: Path) -> None:
    write_set(tmp_path, database((0x1A, 0x1C), 0x1D))
    (tmp_path / "E00.log").unlink()
    text = shown(quiesce, tmp_path, 5)
    assert text.startswith(
        "recoverable-with-loss: SET/DB01.edb\n  This database can be mounted only with loss: "
    )
    assert "accept that mail of the last minutes is lost" in text
    assert "stream E00 in SET: logs 0x1A to 0x1C; no current log\n" in text


def test_one_log_and_one_page_are_told_in_the_singular(quiesce: Quiesce, tmp_path: Path) -> None:
    data = database((0x1D, 0x1D))
    path = write_set(tmp_path, data)
    assert "after replay of log 0x1D; it is here and intact." in shown(quiesce, tmp_path, 0)
    flip(data, 7, 1)
    path.write_bytes(data)
    assert "1 of its 200 pages is beyond repair." in shown(quiesce, tmp_path, 5)


def test_what_cannot_be_verified_says_why(quiesce: Quiesce, tmp_path: Path) -> None:
    (tmp_path / "tmp.edb").write_bytes(database((0, 0), state=DatabaseState.JUST_CREATED))
    text = shown(quiesce, tmp_path, 5)
    assert text.startswith(
        "not-verifiable: SET/tmp.edb\n  This database cannot be verified: tmp.edb is a temporary"
    )
    assert "\n  not checked: tmp.edb is a temporary" in text
    assert "because of this answer" in text


def test_of_several_databases_the_worst_decides(quiesce: Quiesce, tmp_path: Path) -> None:
    write_set(tmp_path)
    damaged = clean_database()
    flip(damaged, 7, 1)
    (tmp_path / "DB02.edb").write_bytes(damaged)
    text = shown(quiesce, tmp_path, 5)
    assert text.startswith("damaged: 2 databases; each is told below\nrecoverable: SET/DB01.edb\n")
    assert "\ndamaged: SET/DB02.edb\n" in text


def test_logs_alone_are_told_as_such(quiesce: Quiesce, tmp_path: Path) -> None:
    write_logs(tmp_path)
    assert shown(quiesce, tmp_path, 0).startswith("clean: no database here; these are the logs\nstream E00")


def test_the_json_answer_has_it_all(quiesce: Quiesce, tmp_path: Path) -> None:
    data = database()
    flip(data, 7, 800, 1600)
    flip(data, 12, 800)
    path = write_set(tmp_path, data)
    ended = quiesce("ese", "check", str(path), "--json")
    assert (ended.status, ended.err) == (5, "")
    result = ended.result
    (one,) = result["databases"]
    assert (result["verdict"], one["verdict"]) == ("damaged", "damaged")
    assert one["path"] == str(path)
    assert (one["page_size"], one["version"], one["state"]) == (4096, [0x620, 20, 0], "DirtyShutdown")
    assert (one["header"], one["shadow_header"]) == ("good", "good")
    assert (one["required"], one["committed"], one["stream"]) == ([0x1A, 0x1D], 0x1D, "E00")
    counts = {"data": 200, "new": 158, "old": 0, "blank": 40, "bad": 1, "correctable": 1, "unchecked": 0}
    assert {key: one["pages"][key] for key in counts} == counts
    assert (one["pages"]["highest_dbtime"], one["pages"]["highest_dbtime_page"]) == (1199, 199)
    assert one["marks"] == [
        {"first": 7, "last": 7, "kind": "bad"},
        {"first": 12, "last": 12, "kind": "correctable"},
    ]
    (bad,) = [each for each in one["findings"] if each["place"]["number"] == 7]
    assert (bad["code"], bad["severity"], bad["ese_error"]) == ("ese.page-bad", "error", -1018)
    assert bad["place"] == {"file": str(path), "unit": "page", "number": 7, "byte": 8 * 4096}
    assert bad["remedy"]
    (stream,) = result["streams"]
    assert stream["generations"] == {"first": 0x1A, "last": 0x1D, "current": 0x1D, "missing": []}
    assert (stream["base"], stream["folder"], stream["logs"]) == ("E00", str(tmp_path), 4)
    assert result["throughput"]["bytes"] >= len(data)


def test_a_gap_is_named_in_the_json_answer(quiesce: Quiesce, tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "E000000001B.log").unlink()
    (stream,) = quiesce("ese", "check", str(tmp_path), "--json").result["streams"]
    assert stream["generations"] == {"first": 0x1A, "last": 0x1D, "current": 0x1D, "missing": [0x1B]}


def test_the_map_is_drawn_for_good_and_for_bad(quiesce: Quiesce, tmp_path: Path) -> None:
    data = database()
    flip(data, 7, 1)
    path, picture = write_set(tmp_path, data), tmp_path / "map.svg"
    for _ in range(2):  # an older map is replaced
        assert quiesce("ese", "check", str(path), "--map", str(picture)).status == 5
        titles = [each.text for each in ElementTree.fromstring(picture.read_text()).iter() if each.text]
        assert "page 7: 1 bad" in titles
        assert str(path) in titles
    path.write_bytes(database())
    assert quiesce("ese", "check", str(path), "--map", str(picture)).status == 0
    assert ": 1 bad" not in picture.read_text()
    path.write_bytes(b"\7\0" * 50_000)  # no header, and so no pages to draw
    assert quiesce("ese", "check", str(path), "--map", str(picture)).status == 5
    assert str(path) not in picture.read_text()


SAMPLES = {
    "srum-win11-dirty/SRUDB.dat": ("recoverable", 4096, (606, 482, 0, 124, 0), [92, 92], 92),
    "srum-win10-clean/SRUDB.dat": ("clean", 4096, (446, 325, 0, 121, 0), [0, 0], 0),
    "synthetic-e2003/priv1.edb": ("recoverable", 4096, (254, 10, 43, 201, 0), [26, 28], 29),
    "dbs/qmgr-win11-16k-dirty.db": ("unrecoverable", 16384, (78, 31, 0, 47, 0), [1, 2], 2),
    "dbs/decompress-8k-clean.edb": ("clean", 8192, (254, 27, 0, 227, 0), [0, 0], 0),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_real_files_are_told_rightly(quiesce: Quiesce, name: str) -> None:
    verdict, page_size, (data, new, old, blank, bad), required, committed = SAMPLES[name]
    ended = quiesce("ese", "check", str(sample_path(name)), "--json")
    (one,) = ended.result["databases"]
    assert ended.status == (0 if verdict in ("clean", "recoverable") else 5)
    assert (one["verdict"], one["page_size"]) == (verdict, page_size)
    assert (one["required"], one["committed"]) == (required, committed)
    counted = [one["pages"][kind] for kind in ("data", "new", "old", "blank", "bad")]
    assert counted == [data, new, old, blank, bad]


def test_the_garbage_at_the_tail_of_a_real_file_is_on_the_map(quiesce: Quiesce, tmp_path: Path) -> None:
    path = tmp_path / "SRUDB.dat"
    path.write_bytes(sample("dbs/srudb-4k-garbage-tail.dat.gz"))
    ended = quiesce("ese", "check", str(path))
    assert ended.status == 5
    assert "  129 - 158 |..............XXXXXXXXXXXXXXXX  " in ended.out
    assert "bad: pages 143 to 158 (16)" in ended.out
