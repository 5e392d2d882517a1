"""What the files of each generation of Exchange look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIVE_DIGITS: Final = 0xFFFFF  # the highest generation that five hexadecimal digits can name


@dataclass(frozen=True, slots=True)
class ExchangeForm:
    """One generation of Exchange.

    Attributes:
        page_size: of its databases, in bytes.
        database_update: ulDaeUpdateMajor of its databases.
        log_version: major, minor, update-major and update-minor of its logs.
        log_digits: hexadecimal digits of a generation in the name of its log.
        ecc_every: every how many-th page has the newer checksum; the others kept the old one in an upgrade.
        streaming: each database has an .stm beside it.
        commits: the header says which generation is the last committed one, not only which is required.
    """

    page_size: int
    database_update: int
    log_version: tuple[int, int, int, int]
    log_digits: int = 8
    ecc_every: int = 1
    streaming: bool = False
    commits: bool = True

    @property
    def segmented(self) -> bool:
        """Its logs consist of segments (log version 8), not of LRCHECKSUM records."""
        return self.log_version[0] >= 8

    def log_name(self, base: str, generation: int) -> str:
        """Name an archived log; the engine goes on to eight digits when five do not suffice."""
        digits = self.log_digits if generation <= FIVE_DIGITS else 8
        return f"{base}{generation:0{digits}X}.log"

    def reserve_names(self, base: str) -> tuple[str, ...]:
        """Name the files that keep room for the last logs on a full disk."""
        return ("res1.log", "res2.log") if self.streaming else (f"{base}res00001.jrs", f"{base}res00002.jrs")


# Versions as the reference gives them for each engine; where it names a range, one that a real file has.
FORMS: Final = {
    "2003": ExchangeForm(
        4096, 0xB, (7, 3704, 7, 0), log_digits=5, ecc_every=5, streaming=True, commits=False
    ),
    "2007": ExchangeForm(8192, 0xC, (7, 3704, 12, 0)),
    "2010": ExchangeForm(32768, 0x11, (7, 3704, 15, 0)),
    "2016": ExchangeForm(32768, 0x14, (8, 4000, 5, 16)),
}
NEWEST: Final = "2016"
