"""What some readers know beside the bytes: where a file has none."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from orchestrator.verify.bytes_source import BytesSource


@runtime_checkable
class KnowsHoles(Protocol):
    """A `BytesSource` that can tell a hole without reading it."""

    def next_data(self, offset: int) -> int:
        """Return the first offset from this one on that may hold something; the file's size if none does."""


def next_data(source: BytesSource, offset: int) -> int:
    """Return where a source may next hold something; `offset` itself if the source cannot tell.

    A file of some terabytes that is one big hole is then a matter of moments. Holes of a clone are safe to
    trust: nobody writes to it, and it is writing that made file systems report holes that were none.
    """
    return source.next_data(offset) if isinstance(source, KnowsHoles) else offset
