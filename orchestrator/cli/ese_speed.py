"""How fast may be read, as people write it: `200MB/s`."""

from __future__ import annotations

import re
from typing import Final

import click

from orchestrator.errors import BadInput

# As SI and IEC 80000-13 have them: MB is 10^6 bytes, MiB is 2^20. A lower-case b is a bit, and refused.
UNITS: Final = {
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGT", 1)},
    "KB": 1000,
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
}
_SPEED: Final = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,6})?) ?(?P<unit>[A-Za-z]+)(?:/s)?", re.ASCII)


def bytes_per_second(text: str) -> int:
    """Return a speed in bytes a second.

    Raises:
        BadInput: `input.bad-speed`; it is no number with a unit of bytes, or less than one byte a second.
    """
    found = _SPEED.fullmatch(text.strip())
    if found is None or found["unit"] not in UNITS:
        what = f"This is no speed: write a number and one of {', '.join(UNITS)}, as in 200MB/s."
        raise BadInput("input.bad-speed", what, subject=text)
    speed = int(float(found["number"]) * UNITS[found["unit"]])
    if speed < 1:
        raise BadInput("input.bad-speed", "At this speed nothing would ever be read.", subject=text)
    return speed


def speed_option(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Take the value of an option that is a speed."""
    return None if value is None else bytes_per_second(value)
