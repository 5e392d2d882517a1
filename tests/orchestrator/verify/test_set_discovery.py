from __future__ import annotations

from collections.abc import Mapping

import pytest

from orchestrator.errors import VerificationError, VerificationStopped
from orchestrator.verify import set_discovery
from orchestrator.verify.found import SetContents
from orchestrator.verify.set_discovery import discover
from tests.orchestrator.verify.made_files import (
    SIGN_LOG,
    SIGN_OTHER,
    codes,
    database,
    dirty,
    flipped,
    log,
    stream,
)
from tests.orchestrator.verify.sources import MemoryFolder, Recorder

NOISE = b"\x07" * 20_000
SIGN_THIRD = b"\x44" * 28


def found(files: Mapping[str, bytes | None]) -> SetContents:
    return discover(MemoryFolder(files), Recorder())


def inside(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in files.items()}


def names(contents: SetContents) -> list[str]:
    return [each.file.entry.path for each in contents.databases]


def streams(contents: SetContents) -> dict[str, int]:
    """First log and number of logs of each stream."""
    return {each.logs[0].file.entry.path: len(each.logs) for each in contents.streams}


def test_databases_are_found_by_header_under_any_name() -> None:
    contents = found({"a/SRUDB.dat": database(), "b/queue": database(), "c.mdb": flipped(database(), 5)})
    assert names(contents) == ["c.mdb", "a/SRUDB.dat", "b/queue"]
    assert all(each.header for each in contents.databases)


def test_a_database_by_name_is_one_even_if_nothing_in_it_is_right() -> None:
    contents = found(
        {"DB01.edb": NOISE, "ntds.dit": b"", "DB02.EDB": None, "notes.dat": NOISE, "x.db": b"short"}
    )
    assert names(contents) == ["DB01.edb", "DB02.EDB", "ntds.dit"]


def test_a_database_whose_headers_are_both_damaged_is_known_by_its_magic() -> None:
    both = bytearray(database())
    both[100] ^= 1
    both[4096 + 100] ^= 1
    assert names(found({"queue": bytes(both)})) == ["queue"]


def test_files_of_other_kinds_are_left_out() -> None:
    contents = found({"readme.txt": NOISE, "E00tmp.log": log(3), "E00res00001.jrs": NOISE, "abc.log": NOISE})
    assert (contents.databases, contents.streams, contents.findings) == ((), (), ())


def test_streams_of_one_base_in_two_folders_stay_apart() -> None:
    contents = found({**inside("one", stream(1, 4)), **inside("two", stream(7, 9))})
    assert streams(contents) == {"one/E00.log": 4, "two/E00.log": 3}


def test_streams_of_two_bases_in_one_folder_stay_apart() -> None:
    contents = found({**stream(1, 4), **stream(7, 9, "E01")})
    assert {each.base: len(each.logs) for each in contents.streams} == {"E00": 4, "E01": 3}


def test_logs_of_an_earlier_life_are_a_stream_of_their_own() -> None:
    old = {name: data for name, data in stream(50, 60, sign_log=SIGN_OTHER).items() if name != "E00.log"}
    contents = found({**old, **stream(1, 4)})
    assert sorted((each.sign_log.raw, len(each.logs)) for each in contents.streams) == [
        (SIGN_LOG, 4),
        (SIGN_OTHER, 10),
    ]


@pytest.mark.parametrize("generation", [2, 3, 4])
def test_a_log_of_another_server_amid_a_stream_stays_in_it(generation: int) -> None:
    files = {**stream(2, 5), f"E00{generation:08X}.log": log(generation, sign_log=SIGN_OTHER)}
    (one,) = found(files).streams
    assert (one.sign_log.raw, len(one.logs)) == (SIGN_LOG, 4)


@pytest.mark.parametrize("generation", [1, 5])
def test_a_log_of_another_server_next_to_a_stream_stays_in_it(generation: int) -> None:
    files = {name: data for name, data in stream(2, 5).items() if name != "E00.log"}
    (one,) = found({**files, f"E00{generation:08X}.log": log(generation, sign_log=SIGN_OTHER)}).streams
    assert len(one.logs) == 4


def test_a_damaged_current_log_belongs_to_the_stream_that_goes_furthest() -> None:
    old = {name: data for name, data in stream(1, 9, sign_log=SIGN_OTHER).items() if name != "E00.log"}
    contents = found({**old, **stream(50, 60), "E00.log": NOISE})
    assert {each.sign_log.raw: len(each.logs) for each in contents.streams} == {SIGN_OTHER: 8, SIGN_LOG: 11}


def test_a_current_log_of_another_server_stays_in_the_stream() -> None:
    (one,) = found({**stream(2, 5), "E00.log": log(90, sign_log=SIGN_OTHER)}).streams
    assert len(one.logs) == 4


def test_a_current_log_that_a_database_names_is_a_stream_of_its_own() -> None:
    files = {
        **stream(2, 5),
        "E00.log": log(90, sign_log=SIGN_OTHER),
        "DB.edb": dirty(90, 90, sign_log=SIGN_OTHER),
    }
    assert sorted(len(each.logs) for each in found(files).streams) == [1, 3]


def test_a_log_with_a_damaged_header_belongs_where_its_number_does() -> None:
    old = {name: data for name, data in stream(50, 60, sign_log=SIGN_OTHER).items() if name != "E00.log"}
    files = {
        **old,
        **stream(1, 9),
        "E000000000A.log": NOISE,
        "E000000003B.log": NOISE,
        "E0000000300.log": NOISE,
    }
    by_sign = {each.sign_log.raw: {log.generation for log in each.logs} for each in found(files).streams}
    assert 10 in by_sign[SIGN_LOG]
    assert {0x3B, 0x300} <= by_sign[SIGN_OTHER]


def test_numbered_logs_that_are_all_damaged_are_a_stream() -> None:
    contents = found({"E000000000A.log": NOISE, "E000000000B.log": NOISE})
    assert streams(contents) == {"E000000000A.log": 2}


def test_a_checkpoint_goes_with_the_current_log() -> None:
    old = {name: data for name, data in stream(50, 60, sign_log=SIGN_OTHER).items() if name != "E00.log"}
    contents = found({**old, **stream(1, 4), "E00.chk": NOISE})
    assert {each.sign_log.raw: each.checkpoint is not None for each in contents.streams} == {
        SIGN_LOG: True,
        SIGN_OTHER: False,
    }


def test_a_flush_map_and_a_streaming_file_go_with_the_database_of_their_name() -> None:
    contents = found({"DB01.edb": database(), "DB01.jfm": NOISE, "db01.stm": NOISE, "DB02.edb": database()})
    one, two = contents.databases
    assert one.flush_map
    assert one.flush_map.entry.name == "DB01.jfm"
    assert one.streaming
    assert one.streaming.entry.name == "db01.stm"
    assert (two.flush_map, two.streaming) == (None, None)


def test_a_streaming_file_without_its_database_is_looked_at() -> None:
    assert names(found({"priv1.stm": NOISE})) == ["priv1.stm"]


def test_the_recycle_bin_is_left_out() -> None:
    contents = found({"$RECYCLE.BIN/S-1/DB.edb": database(), "a/DB.edb": database()})
    assert names(contents) == ["a/DB.edb"]


def test_a_file_that_cannot_be_read_is_said() -> None:
    contents = found({"SRUDB.dat": None, "DB.edb": database()})
    assert names(contents) == ["DB.edb"]


def test_too_many_files_are_said_and_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_discovery, "MAX_FILES", 5)
    contents = found({f"{number}.edb": database() for number in range(8)})
    assert len(contents.databases) == 5
    assert codes(contents.findings) == ["verify.too-many-files"]
    assert not contents.complete


def test_folders_that_are_too_deep_are_said() -> None:
    deepest = "/".join("d" * 16)
    assert found({f"{deepest}/DB.edb": database()}).complete
    contents = found({f"{deepest}/e/DB.edb": database()})
    assert names(contents) == []
    assert codes(contents.findings) == ["verify.too-many-files"]


class Refusing(Recorder):
    def take(self, size_bytes: int) -> None:
        raise VerificationStopped("verify.stopped", "enough")


class Endless(MemoryFolder):
    """Its folders lead into themselves, as those of a damaged volume may."""

    def __init__(self) -> None:
        super().__init__({})

    def files(self, folder: str = "") -> object:  # type: ignore[override] # what is asked of it is enough
        return iter(())

    def folders(self, folder: str = "") -> object:  # type: ignore[override] # what is asked of it is enough
        yield f"{folder}/again"


def test_folders_that_lead_into_themselves_end() -> None:
    contents = discover(Endless(), Recorder())  # type: ignore[arg-type] # a stand-in
    assert not contents.complete


def test_a_folder_that_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = MemoryFolder({"a/DB.edb": database(), "b/DB.edb": database()})
    plain = folder.files

    def files(path: str = "") -> object:
        if path == "a":
            raise VerificationError("verify.cannot-read", "broken", subject="a")
        return plain(path)

    monkeypatch.setattr(folder, "files", files)
    contents = discover(folder, Recorder())
    assert names(contents) == ["b/DB.edb"]
    assert codes(contents.findings) == ["verify.cannot-read"]
    assert not contents.complete


def test_the_first_folder_must_be_readable() -> None:
    with pytest.raises(VerificationError):
        discover(MemoryFolder({"a/b": b""}), Recorder(), "nothing")


def test_discovery_hears_a_stop() -> None:
    with pytest.raises(VerificationStopped):
        discover(Endless(), Refusing())  # type: ignore[arg-type] # a stand-in
    with pytest.raises(VerificationStopped):
        discover(MemoryFolder({f"{number}.edb": database() for number in range(8)}), Recorder(stop_after=3))
