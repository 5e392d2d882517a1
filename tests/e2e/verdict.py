"""What a standby VM found on the clones of a cut, and what it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.luns import DB, LOG, LUNS
from tests.e2e.promise import NotAsPromised

CLEAN: Final = "clean"
NEEDS_REPLAY: Final = "needs-replay"
_LINE: Final = re.compile(rf"(\w+)-({'|'.join(LUNS)}) (\d+|{CLEAN}|{NEEDS_REPLAY})")


@dataclass(frozen=True)
class Copy:
    """All clones of one cut, as a guest read them.

    Attributes:
        log: the last number written to the log's disk: it goes there first,
        db: and then to the database's, once it is safe on the other one.
        clean: no file system had anything to replay: all had been frozen.
    """

    log: int
    db: int
    clean: bool

    @property
    def in_order(self) -> bool:
        """Whether the writer can ever have left its two disks like this."""
        return self.db <= self.log <= self.db + 1

    @property
    def valid(self) -> bool:
        """Whether the standby can take it as it is."""
        return self.clean and self.in_order

    def __str__(self) -> str:
        mounted = "nothing to replay" if self.clean else "journals to replay"
        order = "in order" if self.in_order else "TORN"
        return f"log={self.log} db={self.db}, {mounted}, {order}"


@dataclass
class _Found:
    numbers: dict[str, int] = field(default_factory=dict)
    mounts: dict[str, str] = field(default_factory=dict)


def copies(said: Iterable[str]) -> Mapping[str, Copy]:
    """Return what a standby VM found, by the name of the copy, from the lines that it said.

    Raises:
        NotAsPromised: it did not say all of it.
    """
    found: dict[str, _Found] = {}
    for line in said:
        if match := _LINE.fullmatch(line):
            copy, lun, word = match.groups()
            part = found.setdefault(copy, _Found())
            if word.isdecimal():
                part.numbers[lun] = int(word)
            else:
                part.mounts[lun] = word
    return {name: _copy(name, part) for name, part in found.items()}


def _copy(name: str, found: _Found) -> Copy:
    if found.numbers.keys() != {LOG, DB} or found.mounts.keys() != set(LUNS):
        raise NotAsPromised(f"the standby VM did not read all of the {name} copy: {found}")
    return Copy(found.numbers[LOG], found.numbers[DB], set(found.mounts.values()) == {CLEAN})
