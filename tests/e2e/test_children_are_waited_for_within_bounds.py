from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.children import TAIL_LINES, wait_until
from tests.e2e.kernel import needs_of
from tests.e2e.promise import NotAsPromised


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_what_never_comes_ends_with_the_tail_of_the_log(
    child: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    log = tmp_path / "console.log"
    log.write_text("first\n" + "more\n" * TAIL_LINES + "Kernel panic\n", encoding="utf-8")
    with pytest.raises(
        NotAsPromised, match=r"no light: 0.05 s went by\n(.*\n)*.*console.log \| Kernel panic$"
    ) as seen:
        wait_until(lambda: False, child, "light", 0.05, log)
    assert "first" not in str(seen.value)


def test_a_child_that_ends_is_not_waited_for(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    child.kill()
    with pytest.raises(NotAsPromised, match=r"no light: it ended with -9\n.*none.log \| \(nothing\)"):
        wait_until(lambda: False, child, "light", 60.0, tmp_path / "none.log")


def test_what_a_child_did_right_before_its_end_counts(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    looks = iter([False, True])
    wait_until(lambda: next(looks), child, "light", 60.0)


def test_a_module_says_what_it_needs() -> None:
    assert needs_of(b"license=GPL\0depends=virtio,virtio_ring\0name=virtio_blk\0") == [
        "virtio",
        "virtio_ring",
    ]
    assert needs_of(b"license=GPL\0depends=\0name=virtio_ring\0") == []
