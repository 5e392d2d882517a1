"""Databases and logs inside NTFS volumes, in raw images as an array presents them: nothing is mounted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.errors import VerificationError
from orchestrator.hosts.emulated_exchange.emulator.ntfs import NtfsVolume
from orchestrator.model.verification import Verdict
from orchestrator.plugin.verifier import ClonedComponent, ClonedFile
from orchestrator.verify.content_kind import ContentKind
from orchestrator.verify.ese_verifier import EXCHANGE_WRITER_ID, EseVerifier
from orchestrator.verify.opening import open_path
from orchestrator.verify.set_check import check_set
from tests.orchestrator.verify.made_files import dirty, flipped, stream
from tests.orchestrator.verify.sources import Recorder

pytestmark = pytest.mark.journey
pytest.importorskip("pyfsntfs")

MIB = 1 << 20


def image(path: Path, files: Mapping[str, bytes], *, gpt: bool = True) -> Path:
    with path.open("w+b") as file:
        file.truncate(16 * MIB)

        def write(offset: int, data: bytes) -> None:
            file.seek(offset)
            file.write(data)

        volume = NtfsVolume.format(write, 16 * MIB, gpt=gpt)
        made = set()
        for name, data in files.items():
            folder = name.rpartition("/")[0]
            if folder and folder not in made:
                volume.make_folder(folder)
                made.add(folder)
            write(volume.add_file(name, len(data)).offset, data)
    return path


def component(databases: Path, logs: Path) -> ClonedComponent:
    return ClonedComponent(
        "DB01",
        EXCHANGE_WRITER_ID,
        (
            ClonedFile(r"E:\DB01\DB01.edb", "DB01/DB01.edb", databases),
            ClonedFile(r"F:\Logs\E00*.log", "Logs/E00*.log", logs),
            ClonedFile(r"F:\Logs\E00.chk", "Logs/E00.chk", logs),
        ),
    )


def in_folder(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in files.items()}


@pytest.mark.parametrize("gpt", [True, False])
def test_a_component_in_two_clones_is_recoverable(tmp_path: Path, gpt: bool) -> None:
    databases = image(tmp_path / "data.img", {"DB01/DB01.edb": dirty(6, 8, pages=300)}, gpt=gpt)
    logs = image(tmp_path / "logs.img", in_folder("Logs", stream(5, 8)), gpt=gpt)
    (one,) = EseVerifier().verify((component(databases, logs),), Recorder())
    assert one.verdict is Verdict.RECOVERABLE, one.findings
    assert len(one.files) == 5


def test_damage_inside_an_image_is_found_at_its_page(tmp_path: Path) -> None:
    data = flipped(flipped(dirty(6, 8, pages=300), 500_000), 500_001)
    databases = image(tmp_path / "data.img", {"DB01/DB01.edb": data})
    logs = image(tmp_path / "logs.img", in_folder("Logs", stream(5, 8)))
    (one,) = EseVerifier().verify((component(databases, logs),), Recorder())
    assert one.verdict is Verdict.DAMAGED
    assert any(each.place.number == 500_000 // 4096 - 1 for each in one.findings)


def test_an_image_is_opened_as_a_volume_and_all_in_it_is_checked(tmp_path: Path) -> None:
    path = image(tmp_path / "all.img", in_folder("DB01", {"DB01.edb": dirty(6, 8), **stream(5, 8)}))
    opened = open_path(path)
    assert opened.kind is ContentKind.VOLUME
    report = check_set(opened.contents(Recorder()), Recorder())
    opened.close()
    assert report.verdict is Verdict.RECOVERABLE
    assert report.databases[0][0].path.endswith("DB01/DB01.edb")


def test_an_image_without_a_file_system_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.img").write_bytes(bytes(510) + b"\x55\xaa" + bytes(MIB))
    with pytest.raises(VerificationError):
        open_path(tmp_path / "x.img")
