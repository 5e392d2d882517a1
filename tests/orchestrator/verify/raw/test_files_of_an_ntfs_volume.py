from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from orchestrator.errors import VerificationError
from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import (
    Flag,
    Type,
    nonresident,
    resident,
)
from orchestrator.verify.bytes_source import SourceEntry
from orchestrator.verify.positional_reads import PositionalReader
from orchestrator.verify.raw import child, folders, name_table
from orchestrator.verify.raw.ntfs_source import DEEPEST
from tests.orchestrator.verify.raw.lab_images import CLUSTER, MIB, LabImage, contents, image_of

SYSTEM_FLAGS_AT = 56 + 24 + 32  # in a record: after its header and the head of $STANDARD_INFORMATION


def code_of(image: LabImage, path: str, tmp_path: Path) -> tuple[str, str]:
    """Return code and words with which a file is refused."""
    with image_of(image.saved(tmp_path / "image")) as opened, pytest.raises(VerificationError) as caught:
        opened.volume().open(path)
    return caught.value.code, caught.value.what


def test_files_and_folders_are_listed_by_name_without_those_of_the_system(tmp_path: Path) -> None:
    image = LabImage()
    image.volume.make_folder("DB01")
    image.volume.make_folder("DB01/Logs")
    image.add("DB01/b.edb", b"b" * 5000)
    image.add("DB01/a.edb", b"")
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume()
        assert list(source.folders()) == ["DB01"]
        assert list(source.files()) == []
        assert list(source.files("DB01")) == [SourceEntry("DB01/a.edb", 0), SourceEntry("DB01/b.edb", 5000)]
        assert list(source.folders("DB01")) == ["DB01/Logs"]
        assert source.findings == []


def test_a_file_is_read_by_position(tmp_path: Path) -> None:
    image = LabImage(gpt=True)
    told = bytes(range(256)) * 40
    image.add("a.edb", told)
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume().open("a.edb")
        assert source.name == f"{tmp_path / 'image'}, partition 1: a.edb"
        assert (source.size_bytes, contents(source)) == (len(told), told)
        assert contents(source, 4000, 200) == told[4000:4200]
        assert contents(source, len(told) - 3, 200) == told[-3:]
        assert contents(source, len(told), 200) == b""


def test_names_match_whatever_their_case(tmp_path: Path) -> None:
    image = LabImage()
    image.volume.make_folder("Größe")
    image.add("Größe/Straße.EDB", b"x")
    with image_of(image.saved(tmp_path / "image")) as opened:
        assert contents(opened.volume().open("GRÖßE/STRAßE.edb")) == b"x"
        assert [*opened.volume().files("grÖße")] == [SourceEntry("grÖße/Straße.EDB", 1)]
        with pytest.raises(VerificationError, match="there is no STRASSE"):
            opened.volume().open("Größe/STRASSE.EDB")


def test_bytes_behind_the_valid_size_are_zeros_whatever_lies_on_disk(tmp_path: Path) -> None:
    image = LabImage()
    first = image.take(4, b"\xaa")
    image.add_in_runs("a.edb", [(first, 4)], 3 * CLUSTER + 100, valid=CLUSTER + 7)
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume().open("a.edb")
        told = contents(source)
        assert told == b"\xaa" * (CLUSTER + 7) + bytes(2 * CLUSTER + 93)
        assert contents(source, CLUSTER, 20) == b"\xaa" * 7 + bytes(13)
        assert contents(source, 2 * CLUSTER, 20) == bytes(20)


def test_pieces_and_holes_are_put_together(tmp_path: Path) -> None:
    image = LabImage()
    one, two, three = (image.take(length, fill) for length, fill in ((2, b"1"), (3, b"2"), (1, b"3")))
    runs = [(two, 3), (None, 2), (one, 2), (None, 300), (three, 1)]
    image.add_in_runs("a.edb", runs, 308 * CLUSTER)
    whole = (
        b"2" * 3 * CLUSTER + bytes(2 * CLUSTER) + b"1" * 2 * CLUSTER + bytes(300 * CLUSTER) + b"3" * CLUSTER
    )
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume().open("a.edb")
        buffer = bytearray(b"\xee" * len(whole))
        assert source.read(0, memoryview(buffer)) == len(whole)
        assert bytes(buffer) == whole
        for at in range(0, 8 * CLUSTER, 1000):
            assert contents(source, at, 3000) == whole[at : at + 3000]


def test_holes_are_known_without_reading_them(tmp_path: Path) -> None:
    image = LabImage()
    first = image.take(4, b"x")
    image.add_in_runs("a.edb", [(None, 5), (first, 4), (None, 1 << 30)], 1 << 42, valid=7 * CLUSTER)
    image.add_in_runs("hole.edb", [(None, 5)], 5 * CLUSTER)
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume().open("a.edb")
        assert [source.next_data(at) for at in (0, 5 * CLUSTER, 6 * CLUSTER + 9)] == [
            5 * CLUSTER,
            5 * CLUSTER,
            6 * CLUSTER + 9,
        ]
        assert source.next_data(7 * CLUSTER) == source.next_data(1 << 41) == 1 << 42
        assert opened.volume().open("hole.edb").next_data(0) == 5 * CLUSTER


def test_a_file_that_lies_in_its_record_is_read(tmp_path: Path) -> None:
    image = LabImage()
    image.volume.add_streamed("small", resident(Type.DATA, b"all of it", 2), (), 0, 9)
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume().open("small")
        assert (source.size_bytes, contents(source), contents(source, 7, 9)) == (9, b"all of it", b"it")


def test_other_streams_of_a_file_are_not_its_contents(tmp_path: Path) -> None:
    image = LabImage()
    first, second = image.take(2, b"x"), image.take(1, b"y")
    main = nonresident(Type.DATA, [(second, 1)], 10, 2, cluster_bytes=CLUSTER, valid_bytes=4)
    other = nonresident(Type.DATA, [(first, 2)], 8000, 3, cluster_bytes=CLUSTER, name="other")
    image.volume.add_streamed("a.edb", main + other, (), 0, 10)
    image.volume.add_streamed("only.edb", other, (), 0, 0)
    with image_of(image.saved(tmp_path / "image")) as opened:
        assert contents(opened.volume().open("a.edb")) == b"yyyy" + bytes(6)
        assert "only.edb" not in {entry.path for entry in opened.volume().files()}
        with pytest.raises(VerificationError, match="no contents"):
            opened.volume().open("only.edb")


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        (0x0800, "is compressed"),
        (0x4000, "is encrypted"),
        (0x0400, "is a link, or its contents lie elsewhere"),
        (0x1000, "is offline"),
    ],
)
def test_a_file_whose_bytes_are_not_its_contents_is_refused(flag: int, words: str, tmp_path: Path) -> None:
    image = LabImage()
    number = image.add_in_runs("a.edb", [(image.take(1, b"x"), 1)], 100)
    at = image.record_at(number) + SYSTEM_FLAGS_AT
    assert int.from_bytes(image.data[at : at + 4], "little") == Flag.ARCHIVE
    image.write(at, (Flag.ARCHIVE | flag).to_bytes(4, "little"))
    code, what = code_of(image, "a.edb", tmp_path)
    assert code == "verify.file-not-plain"
    assert words in what


def test_a_compressed_stream_is_refused_even_if_the_file_does_not_say_so(tmp_path: Path) -> None:
    image = LabImage()
    first = image.take(2, bytes(range(256)))
    data = bytearray(nonresident(Type.DATA, [(first, 2), (None, 14)], 16 * CLUSTER, 2, cluster_bytes=CLUSTER))
    runs = bytes(data[64:])  # behind the head there are eight bytes more, and units of 2^4 clusters
    head = bytearray(data[:64])
    head[4:8] = (len(data) + 8).to_bytes(4, "little")
    head[12] = 1
    head[32:36] = (72).to_bytes(2, "little") + (4).to_bytes(2, "little")
    image.volume.add_streamed("a.edb", bytes(head) + (2 * CLUSTER).to_bytes(8, "little") + runs, (), 0, 0)
    code, what = code_of(image, "a.edb", tmp_path)
    assert (code, what) == ("verify.file-not-plain", "it is compressed at byte 0, though it does not say so")


@pytest.mark.parametrize(
    ("runs", "size", "words"),
    [
        ([(100_000, 4)], 4 * CLUSTER, "would lie at byte 409,600,000 of a volume of 2,097,152"),
        ([(511, 2)], CLUSTER, "would lie at byte 2,093,056"),
        ([(300, 4)], 5 * CLUSTER, "place for 16,384 only"),
        ([(None, 4)], 1 << 60, "place for 16,384 only"),
    ],
)
def test_runs_that_cannot_be_are_refused(
    runs: list[tuple[int | None, int]], size: int, words: str, tmp_path: Path
) -> None:
    image = LabImage()
    image.add_in_runs("a.edb", runs, size)
    code, what = code_of(image, "a.edb", tmp_path)
    assert code == "verify.file-system-unreadable"
    assert words in what


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("gone.edb", "there is no gone.edb"),
        ("", "there is no "),
        ("DB01", "it is a folder"),
        ("DB01/a.edb/b", "a.edb is no folder"),
        ("/".join(["x"] * (DEEPEST + 2)), "folders deep"),
        ("..", "there is no .."),
    ],
)
def test_what_is_not_there_is_said(path: str, words: str, tmp_path: Path) -> None:
    image = LabImage()
    image.volume.make_folder("DB01")
    image.add("DB01/a.edb", b"x")
    code, what = code_of(image, path, tmp_path)
    assert code == "verify.cannot-read"
    assert words in what


def test_a_folder_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    image = LabImage()
    image.volume.make_folder("Mount")
    image.write(image.record_at(24) + SYSTEM_FLAGS_AT, (0x0400).to_bytes(4, "little"))
    with image_of(image.saved(tmp_path / "image")) as opened:
        assert list(opened.volume().folders()) == []
        with pytest.raises(VerificationError, match="leads to another volume"):
            list(opened.volume().files("Mount"))


def test_a_file_whose_record_is_damaged_is_a_finding_and_the_others_are_listed(tmp_path: Path) -> None:
    image = LabImage()
    for name in ("good.edb", "torn.edb", "odd.edb"):
        image.add(name, b"x")
    image.write(image.record_at(25) + 510, b"\xee\xee")
    odd = image.record_at(26)
    data_at = image.data.index(b"\x80\0\0\0\x48", odd)
    image.write(data_at + 32, b"\xf0\xff")  # where its runs would be
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume()
        assert [entry.path for entry in source.files()] == ["good.edb"]
        assert [*source.folders()] == []  # asked again, told once
        assert [(one.code, one.severity) for one in source.findings] == [
            ("verify.file-system-damaged", "error")
        ] * 2
        assert source.findings[0].text == "1 records of the $MFT were not wholly written (25)."
        assert source.findings[1].text.startswith("odd.edb cannot be read: data runs offset")


def test_a_folder_of_many_files_is_listed_whatever_the_clusters(tmp_path: Path) -> None:
    image = LabImage(8 * MIB, cluster_bytes=65536)
    image.volume.make_folder("Logs")
    names = [f"Logs/E00{number:08X}.log" for number in range(90)]
    for name in names:
        image.add(name, name.encode())
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume()
        assert [entry.path for entry in source.files("Logs")] == names
        assert [contents(source.open(name)) for name in names] == [name.encode() for name in names]


def test_of_names_that_differ_in_case_the_one_spelt_alike_is_meant(tmp_path: Path) -> None:
    image = LabImage()
    image.add("a.edb", b"small")
    image.add("b.edb", b"capital")
    at = image.data.index("b.edb".encode("utf-16-le"), image.record_at(25))
    image.write(at, b"A")  # as a file system that tells them apart may write it
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume()
        assert contents(source.open("a.edb")) == b"small"
        assert contents(source.open("A.edb")) == b"capital"


def test_what_was_forgotten_is_looked_up_again_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "FOLDERS_KEPT", 1)
    image = LabImage()
    image.volume.make_folder("DB")
    number = image.add_in_runs("odd.edb", [(image.take(1, b"x"), 1)], 9)
    image.write(image.data.index(b"\x80\0\0\0\x48", image.record_at(number)) + 32, b"\xf0\xff")
    with image_of(image.saved(tmp_path / "image")) as opened:
        source = opened.volume()
        for folder in ("", "DB", "", "DB"):
            list(source.files(folder))
        assert len(source._folders._kept) == 1
        assert len(source.findings) == 1


def test_a_volume_with_too_many_files_is_not_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_table, "MOST_RECORDS", 50)
    with image_of(LabImage().saved(tmp_path / "image")) as opened:
        with pytest.raises(VerificationError, match="more files than are looked through") as caught:
            list(opened.volume().files())
        assert caught.value.code == "verify.file-system-unreadable"


@pytest.mark.parametrize(
    ("limit", "words"), [("MOST_EXTENTS", "2 pieces, more than 1"), ("LARGEST_RESIDENT", "no place for them")]
)
def test_what_no_database_has_is_not_looked_up(
    limit: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = LabImage()
    first = image.take(3, b"x")
    image.add_in_runs("a.edb", [(first, 1), (first + 2, 1)], 5000)
    image.volume.add_streamed("b.edb", resident(Type.DATA, b"xx", 2), (), 0, 2)
    path = image.saved(tmp_path / "image")
    with image_of(path) as opened:
        source = opened.volume()
        monkeypatch.setattr(child, limit, 1)
        with pytest.raises(VerificationError, match=words):
            source.open("a.edb" if limit == "MOST_EXTENTS" else "b.edb")


def test_a_stream_with_a_name_does_not_set_the_valid_size(tmp_path: Path) -> None:
    image = LabImage()
    first = image.take(2, b"y")
    other = nonresident(Type.DATA, [(first, 1)], 4000, 3, cluster_bytes=CLUSTER, name="a", valid_bytes=7)
    main = nonresident(Type.DATA, [(first + 1, 1)], 4000, 2, cluster_bytes=CLUSTER, valid_bytes=9)
    image.volume.add_streamed("a.edb", other + main, (), 0, 0)
    with image_of(image.saved(tmp_path / "image")) as opened:
        assert contents(opened.volume().open("a.edb")) == b"y" * 9 + bytes(3991)


def test_the_library_sees_nothing_behind_the_volume(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(bytes(range(100)))
    with (tmp_path / "image").open("rb") as file:
        window = child.Window(file.fileno(), 10, 20)
        assert (window.read(5), window.tell()) == (bytes(range(10, 15)), 5)
        assert (window.seek(-3, os.SEEK_END), window.read(50)) == (17, bytes((27, 28, 29)))
        assert (window.seek(2, os.SEEK_CUR), window.read(50)) == (22, b"")
        assert (window.seek(0), window.read(1), window.get_size()) == (0, bytes((10,)), 20)


def test_a_device_that_ends_early_is_said(tmp_path: Path) -> None:
    image = LabImage()
    extent = image.add("a.edb", b"x" * 100_000)
    path = image.saved(tmp_path / "image")
    with image_of(path) as opened:
        source = opened.volume().open("a.edb")
        os.truncate(path, extent.offset + 5000)
        with pytest.raises(VerificationError, match="ends in the middle of it"):
            contents(source)


def test_the_image_is_opened_for_reading_only(tmp_path: Path) -> None:
    reader = PositionalReader(LabImage().saved(tmp_path / "image"))
    assert fcntl.fcntl(reader.fileno(), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    reader.close()
