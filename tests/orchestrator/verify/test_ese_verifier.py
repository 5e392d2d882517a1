from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import VerificationError, VerificationStopped
from orchestrator.model.verification import Severity, Verdict, VerifiedComponent
from orchestrator.plugin.verifier import ClonedComponent, ClonedFile
from orchestrator.verify import register_verifiers
from orchestrator.verify.bytes_source import SourceFolder
from orchestrator.verify.ese_verifier import EseVerifier
from orchestrator.verify.slots import Slots
from tests.orchestrator.verify.made_files import codes, database, dirty, log, page, stream
from tests.orchestrator.verify.sources import MemoryFolder, Recorder

DATA, LOGS = Path("/dev/data"), Path("/dev/logs")
EXCHANGE = "76fe1ac4-15f7-4bcd-987e-8e1acb462fb7"


def component(
    name: str = "DB01", base: str = "E00", *, logs: str = "{}*.log", pages: str = "{}.edb"
) -> ClonedComponent:
    return ClonedComponent(
        name,
        EXCHANGE,
        (
            file(f"E:\\{name}\\", f"{name}/", pages.format(name), DATA),
            file(f"F:\\{name}\\", f"Logs/{name}/", logs.format(base), LOGS),
            file(f"F:\\{name}\\", f"Logs/{name}/", f"{base}.chk", LOGS),
        ),
    )


def file(host: str, inner: str, name: str, clone: Path) -> ClonedFile:
    return ClonedFile(host + name, inner + name, clone)


class Clones:
    """Two clones, one with databases, one with logs."""

    def __init__(self, databases: dict[str, bytes | None], logs: dict[str, bytes | None]) -> None:
        self.folders = {DATA: MemoryFolder(databases), LOGS: MemoryFolder(logs)}
        self.opened: list[Path] = []

    def open(self, path: Path) -> SourceFolder:
        self.opened.append(path)
        return self.folders[path]

    def verify(
        self, *components: ClonedComponent, control: Recorder | None = None
    ) -> list[VerifiedComponent]:
        verifier = EseVerifier(self.open, Slots())
        return list(verifier.verify(components or (component(),), control or Recorder()))


def logs_of(name: str = "DB01", first: int = 5, last: int = 8) -> dict[str, bytes | None]:
    return {f"Logs/{name}/{each}": data for each, data in stream(first, last).items()}


def good() -> Clones:
    return Clones({"DB01/DB01.edb": dirty(6, 8)}, logs_of())


def test_a_good_component_is_recoverable() -> None:
    (one,) = good().verify()
    assert (one.caption, one.verifier, one.verdict) == ("DB01", "ese", Verdict.RECOVERABLE)
    assert "E:\\DB01\\DB01.edb" in one.files
    assert "F:\\DB01\\E00.log" in one.files
    assert len(one.files) == 5
    assert one.bytes_read > len(dirty(6, 8))
    assert all(each.severity is not Severity.ERROR for each in one.findings)


def test_findings_call_files_as_the_host_does() -> None:
    clones = good()
    clones.folders[DATA].contents["DB01/DB01.edb"] = dirty(6, 8)[:-5]
    (one,) = clones.verify()
    assert one.verdict is Verdict.DAMAGED
    assert one.findings[0].place.file == "E:\\DB01\\DB01.edb"


def test_components_keep_their_order_and_each_clone_is_opened_once_and_closed() -> None:
    clones = Clones(
        {"DB01/DB01.edb": dirty(6, 8), "DB02/DB02.edb": dirty(6, 9)},
        {**logs_of("DB01"), **logs_of("DB02")},
    )
    verified = clones.verify(component("DB02"), component("DB01"))
    assert [(each.caption, each.verdict.passed) for each in verified] == [("DB02", False), ("DB01", True)]
    assert clones.opened == [DATA, LOGS]
    assert [each.closed for each in clones.folders.values()] == [1, 1]


def test_clones_are_closed_after_a_stop() -> None:
    clones = good()
    with pytest.raises(VerificationStopped):
        clones.verify(control=Recorder(stop_after=5))
    assert [each.closed for each in clones.folders.values()] == [1, 1]


def test_names_match_whatever_their_case() -> None:
    clones = Clones(
        {"DB01/db01.EDB": dirty(6, 8)}, {path.replace("E00", "e00"): d for path, d in logs_of().items()}
    )
    (one,) = clones.verify()
    assert one.verdict is Verdict.RECOVERABLE


def test_a_writer_that_names_the_current_log_alone_means_the_stream() -> None:
    (one,) = good().verify(component(logs="{}.log"))
    assert one.verdict is Verdict.RECOVERABLE
    assert len(one.files) == 5


def test_a_missing_database_is_an_error() -> None:
    clones = Clones({"DB01/other.edb": database()}, logs_of())
    (one,) = clones.verify()
    assert one.verdict is Verdict.UNRECOVERABLE
    assert (one.findings[0].code, one.findings[0].place.file) == ("verify.file-missing", "E:\\DB01\\DB01.edb")


def test_a_missing_folder_is_an_error() -> None:
    (one,) = Clones({"else/DB01.edb": database()}, logs_of()).verify()
    assert "no such folder" in one.findings[0].text


@pytest.mark.parametrize("state", [dirty(6, 8), database()])
@pytest.mark.parametrize("logs", ["{}*.log", "{}.log"])
def test_a_component_without_any_log_is_an_error(logs: str, state: bytes) -> None:
    clones = Clones({"DB01/DB01.edb": state}, {"Logs/DB01/E00.chk": b"", "Logs/DB01/E01.log": log(5)})
    (one,) = clones.verify(component(logs=logs))
    assert one.verdict is Verdict.UNRECOVERABLE
    assert "verify.no-logs" in codes(one.findings)


def test_a_missing_checkpoint_alone_is_no_error() -> None:
    (one,) = good().verify()
    assert "F:\\DB01\\E00.chk" not in one.files
    assert one.verdict.passed


def test_logs_of_other_databases_in_the_same_folder_are_left_out() -> None:
    clones = good()
    clones.folders[LOGS].contents.update({f"Logs/DB01/E01{n}.log": b"" for n in ("", "00000001")})
    (one,) = clones.verify()
    assert not [each for each in one.files if "E01" in each]


def test_a_database_with_another_ending_is_read_because_it_was_named() -> None:
    clones = Clones({"DB01/DB01.bak": b"\x07" * 50_000}, logs_of())
    (one,) = clones.verify(component(pages="{}.bak"))
    assert one.verdict is Verdict.UNRECOVERABLE
    assert "E:\\DB01\\DB01.bak" in one.files


def test_a_current_log_with_a_damaged_header_is_named() -> None:
    clones = good()
    clones.folders[LOGS].contents = {"Logs/DB01/E00.log": b"\x07" * 16384}
    (one,) = clones.verify()
    assert any(each.place.file == "F:\\DB01\\E00.log" for each in one.findings)


def test_at_most_a_hundred_findings_are_kept_errors_first() -> None:
    pages = b"".join(page(n) if n % 2 else b"\x55" * 4096 for n in range(1, 301))
    head = dirty(6, 8)[:8192]
    clones = Clones({"DB01/DB01.edb": head + pages}, logs_of())
    (one,) = clones.verify()
    assert one.verdict is Verdict.DAMAGED
    assert len(one.findings) == 100
    assert one.findings_left_out >= 50
    assert one.findings[0].severity is Severity.ERROR
    ranks = [list(Severity).index(each.severity) for each in one.findings]
    assert ranks == sorted(ranks, reverse=True)


def test_a_clone_that_cannot_be_opened_is_an_error_of_the_whole() -> None:
    def broken(path: Path) -> SourceFolder:
        raise VerificationError("verify.cannot-read", "it is gone", subject=str(path))

    with pytest.raises(VerificationError, match="gone"):
        EseVerifier(broken, Slots()).verify((component(),), Recorder())


def test_it_waits_for_its_slot_before_it_opens_a_clone() -> None:
    clones, slots = good(), Slots(at_once=1)
    with slots.taken(Recorder()), pytest.raises(VerificationStopped):
        EseVerifier(clones.open, slots).verify((component(),), Stopped())
    assert clones.opened == []


class Stopped(Recorder):
    def take(self, size_bytes: int) -> None:
        raise VerificationStopped("verify.stopped", "enough")


def test_the_verifier_comes_in_through_the_door_and_knows_the_exchange_writer() -> None:
    registered: list[object] = []
    register_verifiers(registered.append)
    assert registered == [EseVerifier]
    assert EseVerifier().kind == "ese"
    assert EXCHANGE in EseVerifier.writer_ids


def test_a_set_of_another_time_is_refused() -> None:
    clones = good()
    clones.folders[LOGS].contents = {**logs_of(first=5, last=7)}
    (one,) = clones.verify()
    assert one.verdict.failed
