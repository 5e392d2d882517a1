from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import Refused
from orchestrator.journal.host_lock import hold_host


def test_a_held_host_is_refused_to_others_and_free_afterwards(tmp_path: Path) -> None:
    with hold_host(tmp_path, "host-1"):
        with pytest.raises(Refused) as caught, hold_host(tmp_path, "host-1"):
            pass
        assert (caught.value.code, caught.value.subject) == ("host.busy", "host-1")
        with hold_host(tmp_path, "host-2"):
            pass
    with hold_host(tmp_path, "host-1"):
        pass


def test_a_fencing_token_only_grows(tmp_path: Path) -> None:
    fences = []
    for _ in range(12):
        with hold_host(tmp_path, "host-1") as fence:
            fences.append(fence)
    assert fences == list(range(1, 13))
    with hold_host(tmp_path, "host-2") as other:
        assert other == 1


def test_a_refused_run_takes_no_token(tmp_path: Path) -> None:
    with hold_host(tmp_path, "host-1") as first, pytest.raises(Refused), hold_host(tmp_path, "host-1"):
        pass
    with hold_host(tmp_path, "host-1") as second:
        assert second == first + 1


@pytest.mark.parametrize("host_id", ["../../etc/passwd", "a/b", "ü" * 300, "", "."])
def test_a_host_may_call_itself_anything(tmp_path: Path, host_id: str) -> None:
    folder = tmp_path / "locks"
    folder.mkdir()
    with hold_host(folder, host_id):
        pass
    (made,) = tmp_path.rglob("*.lock")
    assert made.parent == folder
    assert made.stat().st_mode & 0o077 == 0
