"""Images with a file system that Debian's own tools made and filled."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.cli.ese_files import clean_database, write_set

pytestmark = pytest.mark.real


@pytest.fixture
def image(tmp_path: Path, needs_program: Callable[[str], str]) -> Path:
    """A volume with a set of one database, and another database, all in its root."""
    mkntfs, ntfscp = needs_program("mkntfs"), needs_program("ntfscp")
    image, files = tmp_path / "clone.img", tmp_path / "files"
    write_set(files)
    (files / "DB02.edb").write_bytes(clean_database())
    with image.open("wb") as made:
        made.truncate(32 << 20)
    subprocess.run([mkntfs, "--force", "--fast", "--quiet", image], check=True, capture_output=True)
    for file in sorted(files.iterdir()):
        subprocess.run([ntfscp, "--quiet", image, file, file.name], check=True, capture_output=True)
    return image


def test_all_that_lies_in_an_image_is_checked(quiesce: Quiesce, image: Path) -> None:
    before = image.read_bytes()
    ended = quiesce("ese", "check", str(image), "--json")
    assert (ended.status, ended.result["verdict"]) == (0, "recoverable")
    assert {each["path"]: each["verdict"] for each in ended.result["databases"]} == {
        f"{image}/DB01.edb": "recoverable",
        f"{image}/DB02.edb": "clean",
    }
    (stream,) = ended.result["streams"]
    assert stream["generations"]["last"] == 0x1D
    assert image.read_bytes() == before


def test_one_database_inside_it_is_checked_alone_whatever_its_case(quiesce: Quiesce, image: Path) -> None:
    ended = quiesce("ese", "check", str(image), "--inside", "db01.EDB", "--json")
    assert [each["path"] for each in ended.result["databases"]] == [f"{image}/DB01.edb"]
    assert ended.result["verdict"] == "recoverable"
    ended = quiesce("ese", "check", str(image), "--inside", "E00.log", "--json")
    assert (ended.status, ended.problem["code"]) == (5, "verify.nothing-of-ours")
    ended = quiesce("ese", "check", str(image), "--inside", "no/such", "--json")
    assert (ended.status, ended.problem["code"]) == (5, "verify.cannot-read")


def test_a_database_and_the_image_with_its_logs(quiesce: Quiesce, image: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.edb"
    alone.write_bytes((tmp_path / "files" / "DB01.edb").read_bytes())
    assert quiesce("ese", "check", str(alone)).status == 5
    assert quiesce("ese", "check", str(alone), "--logs", str(image)).status == 0


def test_an_image_has_no_header_of_its_own(quiesce: Quiesce, image: Path) -> None:
    ended = quiesce("ese", "header", str(image), "--json")
    assert (ended.status, ended.problem["code"]) == (5, "verify.nothing-of-ours")


def test_logs_in_an_image_are_checked(quiesce: Quiesce, image: Path) -> None:
    ended = quiesce("ese", "logs", str(image))
    assert ended.status == 0
    assert f"stream E00 in {image}: logs 0x1A to 0x1D\n" in ended.out
