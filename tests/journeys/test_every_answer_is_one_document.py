"""--json says one thing on stdout, --quiet nothing on stderr: also where people have switched logs on."""

from __future__ import annotations

import pytest

from tests.journeys.home import Home
from tests.journeys.lab import LOGS

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]


def test_every_command_says_one_thing_and_with_quiet_nothing_else(home: Home) -> None:
    job, refused = home.job(), home.job("refused", freeze=False)
    for status, *command in (
        (0, "plan", job),
        (0, "run", job),
        (3, "run", refused),
        (3, "set", "adopt", "nothing", "--array", LOGS),
        (0, "recover"),
        (2, "evidence", "verify", "nowhere.json", "--key", "nowhere.pub"),
        (0, "errors", "run.in-doubt"),
        (2, "run"),
    ):
        said = home.quiesce(*command, "--json", "--quiet", QUIESCE_LOG="debug")
        assert (said.status, said.err) == (status, ""), command
        assert said.document["schema"].startswith("quiesce.")


def test_a_secret_on_disk_is_seen_by_the_check_that_follows_every_journey(home: Home) -> None:
    leak = home.folder / "journals" / "leak.jsonl"
    leak.write_text(f"before {home.secrets['HOST_TOKEN']} after", encoding="ascii")
    assert home.secrets_on_disk() == [leak]
    leak.unlink()
