"""What a new user types, from registration to a verified record."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.home import Home
from tests.journeys.lab import HOST, Lab

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


def test_from_registration_to_a_verified_record(lab: Lab, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", lab)
    for name, array in lab.arrays.items():
        secret = tmp_path / f"{name}.secret"
        secret.touch(mode=0o600)
        secret.write_text(array.api_token, encoding="ascii")
        added = home.quiesce(
            *("array", "add", name, "--kind", "pure-flasharray", "--url", array.url, "--json"),
            *("--secret", f"file:{secret}", "--ca-file", array.ca_file, "--setting", "request_life_s=0.5"),
        )
        assert added.status == 0
    added = home.quiesce(
        *("host", "add", HOST, "--kind", "emulated-exchange", "--url", lab.host.url),
        *("--secret", "env:HOST_TOKEN", "--json"),
    )
    assert added.status == 0

    job = home.job()
    planned = home.quiesce("plan", job)
    assert "DB01, DB02, writer-verified" in planned.out
    assert "nothing speaks against it" in planned.out
    made = home.quiesce("run", job)
    assert made.status == 0
    assert made.out.startswith("completed, writer-verified: set qsc-")
    assert "emulated: true" in made.out
    assert "freeze window:" in made.out
    assert "budget left: commit " in made.out

    listed = home.quiesce("set", "list")
    (set_id,) = home.sets()
    assert set_id in listed.out
    assert "(emulated)" in listed.out
    evidence = sorted((home.folder / "evidence" / "nightly").iterdir())
    records = [path for path in evidence if path.suffix == ".json"]
    verified = home.quiesce("evidence", "verify", *records, "--key", home.public_key, "--json", "--quiet")
    assert (verified.status, verified.err) == (0, "")
    assert verified.result["complete"]
    assert home.secrets_on_disk() == []
