from __future__ import annotations

import pytest

from orchestrator.cli.ese_speed import bytes_per_second
from orchestrator.errors import BadInput
from tests.orchestrator.cli.conftest import Quiesce


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("200MB/s", 200_000_000),
        ("200 MB/s", 200_000_000),
        ("200MB", 200_000_000),
        ("200MiB/s", 209_715_200),
        ("1.5GB/s", 1_500_000_000),
        ("1GiB/s", 1 << 30),
        ("2TB/s", 2_000_000_000_000),
        ("64kB/s", 64_000),
        ("64KB/s", 64_000),
        ("64KiB/s", 65_536),
        ("512B/s", 512),
    ],
)
def test_a_speed_is_a_number_with_a_unit_of_bytes(text: str, speed: int) -> None:
    assert bytes_per_second(text) == speed


BAD = ("", "200", "fast", "MB/s", "200mb/s", "200Mb/s", "200Mbit/s", "-1MB/s", "0MB/s", "0.0001B/s", "1e9B/s")


@pytest.mark.parametrize(
    "text", [*BAD, "nanMB/s", "infMB/s", "200MB/min", "२MB/s", "9" * 400 + "B/s", "1MB/s\0"]
)
def test_anything_else_is_refused_with_what_fits(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        bytes_per_second(text)
    assert caught.value.code == "input.bad-speed"
    assert caught.value.subject == text


def test_the_command_line_says_so_before_anything_is_read(quiesce: Quiesce) -> None:
    ended = quiesce("ese", "check", "/no/such/file", "--throttle", "200Mbit/s", "--json")
    assert (ended.status, ended.problem["code"]) == (2, "input.bad-speed")
    assert "200MB/s" in ended.problem["what"]
    for option in ("--iops", "--threads"):
        for number in ("0", "-1", "many"):
            ended = quiesce("ese", "check", "/no/such/file", option, number, "--json")
            assert (ended.status, ended.problem["code"]) == (2, "input.usage")
