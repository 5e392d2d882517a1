from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from orchestrator.errors import VerificationError, VerificationStopped
from orchestrator.ese.kernel_numpy import NumpyKernel
from orchestrator.ese.pages import PageChecker
from orchestrator.ese.reports import DatabaseState, FileType, PageCounts
from orchestrator.ese.sealing import seal_header
from orchestrator.model.verification import Severity
from orchestrator.verify import page_cache, page_crew, page_reading
from orchestrator.verify.database_check import check_database
from orchestrator.verify.page_crew import PageCrew, PageRun
from tests.ese_samples import sample
from tests.orchestrator.verify.made_files import codes, database, flipped, header, page
from tests.orchestrator.verify.sources import MemoryFile, MemoryStore, Recorder

# What a correct checker reports: data pages, new, old, blank, bad, correctable, unchecked.
SAMPLES = {
    "srum-win11-dirty/SRUDB.dat": PageCounts(606, 482, 0, 124),
    "srum-win10-clean/SRUDB.dat": PageCounts(446, 325, 0, 121),
    "dbs/qmgr-win11-16k-dirty.db": PageCounts(78, 31, 0, 47),
    "dbs/decompress-8k-clean.edb": PageCounts(254, 27, 0, 227),
    "dbs/ual-current-4k-dirty.mdb": PageCounts(254, 53, 0, 201),
    "dbs/catalog1-4k-win81-clean.edb": PageCounts(768, 209, 0, 559),
    "dbs/srudb-4k-garbage-tail.dat.gz": PageCounts(158, 79, 0, 63, 16),
    "dbs/temp-8k-justcreated.edb": PageCounts(256, 0, 0, 22, 0, 0, 234),
    "synthetic-e2003/priv1.edb": PageCounts(254, 10, 43, 201),
}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_reading, "CHUNK_BYTES", 64 << 10)
    monkeypatch.setattr(page_crew, "CHUNK_BYTES", 64 << 10)
    monkeypatch.setattr(page_reading, "RUN_BYTES", 256 << 10)
    monkeypatch.setattr(page_cache, "BLOCK_BYTES", 32 << 10)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_has_the_pages_that_are_known_of_it(name: str) -> None:
    report = check_database(MemoryFile(sample(name)), Recorder())
    assert report.pages is not None
    assert report.pages.counts == SAMPLES[name]
    assert report.findings == ()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_report_does_not_depend_on_the_number_of_threads(threads: int) -> None:
    data = b"".join([header() * 2, *(page(n) if n % 7 else b"\xff" * 4096 for n in range(1, 200))])
    one = check_database(MemoryFile(data), Recorder(), threads=1)
    assert check_database(MemoryFile(data), Recorder(), threads=threads) == one
    assert one.pages
    assert one.pages.counts.bad == 28
    assert [each.place.number for each in one.pages.findings] == list(range(7, 200, 7))


@pytest.mark.parametrize("page_size", [2048, 4096, 8192, 16384, 32768])
def test_every_page_size_is_read(page_size: int) -> None:
    report = check_database(MemoryFile(database(page_size, pages=5)), Recorder())
    assert report.pages
    assert report.pages.counts == PageCounts(data=5, new=5)


def test_a_file_that_ends_in_the_middle_of_a_page_is_damaged() -> None:
    report = check_database(MemoryFile(database(pages=3)[:-100]), Recorder())
    (finding,) = report.findings
    assert (finding.code, finding.severity) == ("verify.partial-page", Severity.ERROR)
    assert (finding.place.number, finding.place.byte) == (3, 4 * 4096)
    assert report.pages
    assert report.pages.counts.data == 2


@pytest.mark.parametrize("size", [4096, 5000, 8191])
def test_a_file_that_ends_within_its_headers_is_damaged(size: int) -> None:
    report = check_database(MemoryFile(database()[:size]), Recorder())
    assert codes(report.findings) == ["verify.partial-page"]


def test_an_empty_file_is_a_finding() -> None:
    report = check_database(MemoryFile(b""), Recorder())
    assert codes(report.findings) == ["verify.empty-file"]
    assert report.pages is None


@pytest.mark.parametrize("data", [b"\0" * 300_000, b"text\n" * 10_000, bytes(range(256)) * 400, b"x"])
def test_a_file_without_a_header_has_no_pages(data: bytes) -> None:
    report = check_database(MemoryFile(data), Recorder())
    assert report.pair.header is None
    assert report.pair.findings
    assert report.pages is None


@pytest.mark.parametrize("ends_at", [8192, 8193, 70_000, 100_000, 131_072])
def test_a_file_that_shrinks_while_it_is_read_is_damaged(ends_at: int) -> None:
    source = MemoryFile(database(pages=60), ends_at=ends_at)
    report = check_database(source, Recorder())
    (finding,) = report.findings
    assert (finding.code, finding.severity) == ("verify.shrank", Severity.ERROR)
    assert finding.place.byte == ends_at
    assert report.pages
    assert report.pages.counts.data == ends_at // 4096 - 2


def test_a_part_that_cannot_be_read_ends_the_check_with_an_error() -> None:
    source = MemoryFile(database(pages=60))
    source.broken_at = 200_000
    with pytest.raises(VerificationError, match="broken"):
        check_database(source, Recorder())


@pytest.mark.parametrize(
    "temporary",
    [header(state=DatabaseState.JUST_CREATED), header(file_type=FileType.TEMPORARY_DATABASE)],
)
def test_pages_of_a_temporary_database_are_not_checked(temporary: bytes) -> None:
    report = check_database(MemoryFile(temporary * 2 + b"\xff" * 4096 * 3), Recorder())
    assert report.pages
    assert report.pages.counts == PageCounts(data=3, unchecked=3)


def test_only_the_headers_of_a_streaming_file_are_checked() -> None:
    streaming = header(attrib=1, file_type=FileType.STREAMING) * 2 + b"\xff" * 4096
    report = check_database(MemoryFile(streaming), Recorder())
    assert report.pages is None
    assert codes(report.findings) == ["verify.streaming-not-checked"]


def trailer(word_at: int | None = None) -> bytes:
    block = bytearray(4096)
    block[40:60] = b"patch header content"
    if word_at is not None:
        block[word_at] = 1
    seal_header(block)
    return bytes(block)


def test_the_trailer_of_a_streaming_backup_is_no_page() -> None:
    report = check_database(MemoryFile(database(pages=5) + trailer()), Recorder())
    assert codes(report.findings) == ["verify.trailer-page"]
    assert report.pages
    assert report.pages.counts == PageCounts(data=5, new=5)


@pytest.mark.parametrize("last", [*(trailer(at) for at in (4, 8, 12, 24)), flipped(trailer(), 50)])
def test_another_last_page_is_judged_as_a_page(last: bytes) -> None:
    report = check_database(MemoryFile(database(pages=5) + last), Recorder())
    assert report.findings == ()
    assert report.pages
    assert report.pages.counts.bad == 1


def test_a_trailer_amid_the_pages_is_a_bad_page() -> None:
    report = check_database(MemoryFile(database(pages=2) + trailer() + page(4)), Recorder())
    assert report.pages
    assert report.pages.counts == PageCounts(data=4, new=3, bad=1)


def test_progress_goes_forward_to_the_end_and_no_further() -> None:
    control, data = Recorder(), database(pages=100)
    check_database(MemoryFile(data), control)
    done = [each for _, each, _ in control.seen]
    assert done == sorted(done)
    assert done[-1] == len(data)
    assert {(what, total) for what, _, total in control.seen} == {("DB.edb", len(data))}


def test_every_byte_is_asked_for_before_it_is_read() -> None:
    control, source = Recorder(), MemoryFile(database(pages=100))
    check_database(source, control)
    assert sorted(control.taken) == sorted(length for _, length in source.requests)


def with_wounds() -> bytes:
    data = bytearray(database(pages=100))
    for number in (1, 30, 31, 99):
        data[(number + 1) * 4096 + 500] ^= 1
    data[50 * 4096 : 51 * 4096] = bytes(4096)
    data[70 * 4096 : 71 * 4096] = b"\x55" * 4096
    return bytes(data)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_check_stopped_at_every_chunk_ends_with_the_same_report(threads: int) -> None:
    data, store = with_wounds(), MemoryStore()
    whole = check_database(MemoryFile(data), Recorder(), threads=threads)
    for _ in range(20):
        try:  # headers, last page, space tree: with a fourth request, one chunk comes through
            report = check_database(MemoryFile(data), Recorder(stop_after=4), threads=threads, store=store)
        except VerificationStopped:
            continue
        assert report == whole
        return
    pytest.fail("it never came to its end")


def test_a_resumed_check_does_not_read_again_what_it_has_read() -> None:
    data, store = with_wounds(), MemoryStore()
    with pytest.raises(VerificationStopped):
        check_database(MemoryFile(data), Recorder(stop_after=7), threads=1, store=store)
    control = Recorder()
    source = MemoryFile(data)
    check_database(source, control, threads=1, store=store)
    assert (0, 65536) in source.requests
    assert sum(length for _, length in source.requests) < len(data)
    assert control.seen[0][1] > 2 * 65536


def edited(edit: Callable[[bytearray], None]) -> bytes:
    data = bytearray(with_wounds())
    edit(data)
    return bytes(data)


def _grow(data: bytearray) -> None:
    data += page(101)


def _write_header(data: bytearray) -> None:
    data[:8192] = header(state=DatabaseState.DIRTY_SHUTDOWN, needs=(1, 1)) * 2


@pytest.mark.parametrize("edit", [_grow, _write_header])
def test_a_file_that_changed_since_is_read_from_its_start(edit: Callable[[bytearray], None]) -> None:
    store = MemoryStore()
    with pytest.raises(VerificationStopped):
        check_database(MemoryFile(with_wounds()), Recorder(stop_after=5), store=store)
    changed = edited(edit)
    report = check_database(MemoryFile(changed), Recorder(), store=store)
    assert codes(report.findings) == ["verify.resume-not-used"]
    assert report.pages == check_database(MemoryFile(changed), Recorder()).pages


def test_a_file_written_at_another_time_is_read_from_its_start() -> None:
    store, source = MemoryStore(), MemoryFile(with_wounds())
    source.modified = "1"  # type: ignore[attr-defined] # readers may have it
    with pytest.raises(VerificationStopped):
        check_database(source, Recorder(stop_after=5), store=store)
    source.modified = "2"  # type: ignore[attr-defined] # readers may have it
    assert codes(check_database(source, Recorder(), store=store).findings) == ["verify.resume-not-used"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 1}', "null", "\ud800"])
def test_noise_in_place_of_a_state_is_not_used(text: str) -> None:
    store = MemoryStore()
    store.states["DB.edb"] = text
    report = check_database(MemoryFile(database()), Recorder(), store=store)
    assert report.pages
    assert report.pages.counts.new == 10


def test_a_state_that_contradicts_itself_is_not_used() -> None:
    store, data = MemoryStore(), database(pages=100)
    check_database(MemoryFile(data), Recorder(), store=store)
    store.states["DB.edb"] = store.states["DB.edb"].replace('"next_page":101', '"next_page":90')
    report = check_database(MemoryFile(data), Recorder(), store=store)
    assert codes(report.findings) == ["verify.resume-not-used"]
    assert report.pages
    assert report.pages.counts.new == 100


def test_how_far_it_has_come_is_saved_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_reading, "SAVED_EVERY_BYTES", 128 << 10)
    store = MemoryStore()
    saved: list[str] = []
    monkeypatch.setattr(store, "save", lambda name, state: saved.append(state))
    check_database(MemoryFile(database(pages=100)), Recorder(), store=store)
    assert len(saved) == 4  # 98 pages of 128 KiB each three times, and the end


class Hollow(MemoryFile):
    """A gigantic file: headers, a page far behind, and nothing between them."""

    def __init__(self, size_bytes: int, far: int) -> None:
        super().__init__(header() * 2)
        self.size_bytes, self.far = size_bytes, far

    def read(self, offset: int, buffer: memoryview) -> int:
        self.requests.append((offset, len(buffer)))
        count = min(len(buffer), self.size_bytes - offset)
        whole = bytearray(count)
        for at, data in ((0, self.data), (self.far, page(self.far // 4096 - 1))):
            begin, end = max(at, offset), min(at + len(data), offset + count)
            if begin < end:
                whole[begin - offset : end - offset] = data[begin - at : end - at]
        buffer[:count] = whole
        return count

    def next_data(self, offset: int) -> int:
        if offset < 8192:
            return offset
        return max(offset, self.far) if offset < self.far + 4096 else self.size_bytes


def test_two_terabytes_of_hole_take_a_moment_and_what_lies_in_them_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The kernel for files of such a size would take seconds to start.
    monkeypatch.setattr(page_crew, "PageChecker", partial(PageChecker, kernel=NumpyKernel(4096)))
    source = Hollow(2 << 40, 1 << 40)
    report = check_database(source, Recorder())
    assert report.pages
    assert report.pages.counts == PageCounts(data=(2 << 28) - 2, new=1, blank=(2 << 28) - 3)
    assert sum(length for _, length in source.requests) < 1 << 20
    assert report.findings == ()


class Hanging(MemoryFile):
    """Its pages are not answered until somebody lets go."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.asked, self.let_go = threading.Event(), threading.Event()

    def read(self, offset: int, buffer: memoryview) -> int:
        count = super().read(offset, buffer)
        if len(self.requests) > 3:  # headers, last page, space tree
            self.asked.set()
            self.let_go.wait(10)
        return count


class StopOnceAsked(Recorder):
    """Stops when a request hangs; requests of their own are not refused."""

    def __init__(self, source: Hanging) -> None:
        super().__init__()
        self.source = source

    def take(self, size_bytes: int) -> None:
        if not size_bytes and self.source.asked.is_set():
            raise VerificationStopped("verify.stopped", "enough")


def test_a_request_that_hangs_does_not_hold_up_a_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_crew, "STOP_S", 0.01)
    monkeypatch.setattr(page_crew, "ASK_S", 0.01)
    source = Hanging(database(pages=200))
    with pytest.raises(VerificationStopped):
        check_database(source, StopOnceAsked(source), threads=1)
    before = len(source.requests)
    source.let_go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("pages"):
            thread.join(10)
    assert len(source.requests) == before


def test_nobody_reads_far_ahead_of_what_is_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    submitted: list[object] = []

    class Counting(PageCrew):
        def want(self, run: PageRun) -> None:
            submitted.append(run)
            super().want(run)

    class Told(Recorder):
        def advance(self, what: str, done_bytes: int, total_bytes: int) -> None:
            super().advance(what, done_bytes, total_bytes)
            assert len(submitted) - len(self.seen) < 2 * 3

    monkeypatch.setattr(page_reading, "PageCrew", Counting)
    check_database(MemoryFile(database(pages=300)), Told(), threads=3)
    assert len(submitted) == 19
