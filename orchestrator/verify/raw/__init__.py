"""NTFS in raw images and block devices, without mounting anything, and without a way to write.

`image` is the door: `open_raw(path)` for one file system, `RawImage(path).volumes` for all. `partitions`
finds them (`gpt`, `mbr`, `signatures`). A C library, libfsntfs, knows what lies where. It is fed what may
be a damaged volume, so it runs in a process of its own (`child`, spoken to by `metadata_child`) whose crash
is an answer like any other. The contents are read here (`ntfs_file`), over the runs that it names.
"""

from __future__ import annotations

from orchestrator.verify.raw.image import RawImage, open_raw
from orchestrator.verify.raw.ntfs_source import NtfsSource

__all__ = ["NtfsSource", "RawImage", "open_raw"]
