"""How far the check of a database has come, so that it can go on later and end with the very same report."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, Protocol

from pydantic import TypeAdapter, ValidationError

from orchestrator.ese.reports import PagesReport
from orchestrator.verify.bytes_source import BytesSource

# Raised when a state of an older program would be misread, or when pages are judged by other rules.
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Which file it was, as well as can be told without reading all of it.

    Attributes:
        modified: when it was last written, as the reader tells it; empty if it does not.
        start: digest of both header pages: their checksums, signDb and all.
    """

    size_bytes: int
    modified: str
    start: str

    @classmethod
    def of(cls, source: BytesSource, start: bytes) -> FileIdentity:
        """Return the identity of a file that starts with these bytes."""
        modified = str(getattr(source, "modified", ""))
        return cls(source.size_bytes, modified, hashlib.sha256(start).hexdigest())


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """The check of one database, up to some page.

    Attributes:
        next_page: the first that was not looked at.
        report: of all pages before it.
    """

    identity: FileIdentity
    page_size: int
    page_count: int
    next_page: int = 1
    report: PagesReport = field(default_factory=PagesReport)
    version: int = VERSION

    def text(self) -> str:
        """Return it as JSON."""
        return _ADAPTER.dump_json(self).decode()

    def continued_from(self, text: str | None) -> Checkpointed | None:
        """Return an earlier state of this very check; None if the text is of another one, or noise."""
        if text is None:
            return None
        try:
            earlier = _ADAPTER.validate_json(text)
        except ValidationError:
            return None
        same = (earlier.version, earlier.identity, earlier.page_size, earlier.page_count) == (
            VERSION,
            self.identity,
            self.page_size,
            self.page_count,
        )
        whole = (
            1 <= earlier.next_page <= self.page_count + 1
            and earlier.report.counts.data == earlier.next_page - 1
        )
        return earlier if same and whole else None


class ResumeStore(Protocol):
    """Keeps the states of unfinished checks, by name of the file that is checked."""

    def load(self, name: str) -> str | None:
        """Return what was last saved under a name."""

    def save(self, name: str, state: str) -> None:
        """Keep a state in place of the one before it."""

    def clear(self) -> None:
        """Forget all: every check has come to its end."""


_ADAPTER: Final = TypeAdapter(Checkpointed)
