from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.journeys.home import Home
from tests.journeys.lab import DATABASES, LOGS

pytestmark = [pytest.mark.journey, pytest.mark.timeout(60)]


@pytest.mark.parametrize(
    ("keys", "code", "subject"),
    [
        ({"host": "nobody"}, "input.unknown-host", "nobody"),
        ({"frezze": True}, "input.bad-key", "nightly.toml:4"),
    ],
)
def test_a_job_that_cannot_be_understood(home: Home, keys: dict[str, Any], code: str, subject: str) -> None:
    refused = home.quiesce_here("run", home.job(**keys), "--json", "--quiet")
    assert (refused.status, refused.err) == (2, "")
    assert refused.problem["code"] == code
    assert refused.problem["subject"].endswith(subject)
    assert refused.problem["remedy"]
    assert nothing_began(home)


def test_a_file_that_is_no_toml(home: Home, tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    job.write_text('name = "nightly"\nhost = exch01\n', encoding="utf-8")
    refused = home.quiesce_here("run", job, "--json")
    assert (refused.status, refused.problem["code"]) == (2, "input.bad-file")
    assert refused.problem["subject"].endswith("job.toml:2")


def test_unknown_kinds_and_arrays(home: Home) -> None:
    toaster = home.quiesce_here(
        *("array", "add", "t1", "--kind", "toaster", "--url", "https://127.0.0.1:1"),
        *("--secret", "env:HOST_TOKEN", "--json"),
    )
    assert (toaster.status, toaster.problem["code"]) == (2, "input.unknown-kind")
    assert "pure-flasharray" in toaster.problem["what"]
    nowhere = home.quiesce_here("set", "adopt", "qsc-x", "--array", "nowhere", "--json")
    assert (nowhere.status, nowhere.problem["code"]) == (2, "input.unknown-array")


def test_a_secret_that_is_wrong_expired_or_missing(home: Home) -> None:
    array = home.lab.arrays[DATABASES]
    array.ask("POST", "admins", {"names": "retired"}, {"role": {"name": "array_admin"}, "password": "x"})
    (given,) = array.ask("POST", "admins/api-tokens", {"names": "retired", "timeout": "1"})
    for secret in ("11111111-2222-3333-4444-555555555555", given["api_token"]["token"]):
        home.secrets["DATABASE_ARRAY_TOKEN"] = secret
        failed = home.quiesce_here("run", home.job(), "--json")
        assert (failed.status, failed.problem["code"]) == (4, "array.login-failed")
        assert failed.problem["subject"] == DATABASES
        assert secret not in failed.out + failed.err
    del home.secrets["DATABASE_ARRAY_TOKEN"]
    missing = home.quiesce_here("run", home.job(), "--json")
    assert (missing.status, missing.problem["code"]) == (2, "input.secret-unreadable")
    assert nothing_began(home)


def test_a_certificate_of_another_authority(home: Home) -> None:
    home.forget_array(DATABASES)
    home.register_array(DATABASES, ca_file=home.lab.arrays[LOGS].ca_file)
    failed = home.quiesce_here("run", home.job(), "--json")
    assert (failed.status, failed.problem["code"]) == (4, "array.untrusted")
    assert failed.problem["subject"] == DATABASES
    assert nothing_began(home)


def nothing_began(home: Home) -> bool:
    return home.claims() == [] and home.sets() == {} and home.lab.writes()
