"""A file below a loop device may lie on a server that stands still: nobody waits for it for ever."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.fsfreeze import coordinator
from orchestrator.hosts.fsfreeze.coordinator import FsfreezeCoordinator, FsfreezeSettings
from orchestrator.plugin import ProviderContext, Secret


@pytest.mark.parametrize("call", ["survey", "volumes_under"])
async def test_a_look_that_stands_still_is_given_up(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves_on = threading.Event()
    monkeypatch.setattr(coordinator, "LOOK_S", 0.05)
    monkeypatch.setattr(coordinator, "linux_survey", lambda: moves_on.wait(10) and ())
    here = FsfreezeCoordinator(
        ProviderContext("here", "file:///", Secret("")), FsfreezeSettings(runtime_folder=tmp_path)
    )
    with pytest.raises(HostError) as caught:
        await (here.survey() if call == "survey" else here.volumes_under([tmp_path]))
    assert caught.value.code == "host.survey-failed"
    moves_on.set()
