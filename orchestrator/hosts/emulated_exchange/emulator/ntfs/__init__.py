"""A small NTFS writer: the lab's array volumes hold file systems that any NTFS reader understands.

`volume` is the door: format, make folders, add, rename and remove files. Each call writes only what changed,
so that a busy database does not slow down. `system_files` is what a fresh volume holds; `directory_index`
keeps names in order; `attributes` and `records` know how things lie on disk. Written from what libfsntfs
and the Linux-NTFS project document. Nothing here reads a volume, and nothing is thread-safe.
"""

from __future__ import annotations

from orchestrator.hosts.emulated_exchange.emulator.ntfs.volume import FileExtent, NtfsVolume

__all__ = ["FileExtent", "NtfsVolume"]
