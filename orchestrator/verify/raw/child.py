"""What lies where in an NTFS volume, asked of libfsntfs in a process of its own.

Started as a script, isolated, with the descriptor of an image and limits as arguments; it imports nothing of
ours. Reads questions and writes answers, a line of JSON each. A question names the volume by start and length
in the image, and is answered with facts or with `{"error": ...}`. Whatever a hostile volume makes the library
do, it happens here: memory is limited, an answer that takes too long is ended by the kernel's own timer even
if whoever asked is gone, and no file can grow.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, Final

DATA: Final = 0x80
SPARSE: Final = 1
UNIT: Final = 16
MOST_SAMPLES: Final = 1000
SAMPLE_BYTES: Final = 64
FUNCTION: Final = re.compile(r"^\w+: ")
# A run list of more pieces is no database's; its answer would not end.
MOST_EXTENTS: Final = 1 << 18
# What lies in its record has no runs; a record is 4 KiB at most.
LARGEST_RESIDENT: Final = 4096


class Window:
    """Bytes of the image from the start of a volume to its end, as the library wants a file to be."""

    def __init__(self, descriptor: int, start: int, length: int) -> None:
        self._descriptor, self._start, self._length = descriptor, start, length
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return bytes from where it stands."""
        wanted = max(0, min(size, self._length - self._at))
        data = os.pread(self._descriptor, wanted, self._start + self._at)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Stand somewhere else."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return where it stands."""
        return self._at

    def get_size(self) -> int:
        """Return how many bytes there are."""
        return self._length


def about_volume(volume: Any) -> dict[str, Any]:
    """Name and sizes of the volume."""
    return {
        "label": volume.name or "",
        "serial": volume.serial_number,
        "record_bytes": volume.mft_entry_size,
    }


def about_records(volume: Any, *records: int) -> dict[str, Any]:
    """What some records hold, in their order: whether it is a folder, size of the contents, file attributes.

    The size is -1 where there are no contents; what cannot be read is told in place of the three.
    """
    return {"records": [_about_record(volume, record) for record in records]}


def _about_record(volume: Any, record: int) -> list[Any] | str:
    try:
        entry = _entry(volume, record)
        size = entry.size if entry.has_default_data_stream() else -1
        return [entry.has_directory_entries_index(), size, entry.file_attribute_flags or 0]
    except (OSError, ValueError) as cause:
        return _short(cause)


def about_file(volume: Any, record: int) -> dict[str, Any]:
    """Where the contents of a file lie.

    The library does not say which extents are compressed, and we take bytes on disk for contents. So wherever
    a compressed part could be, a sample goes along: what the library makes of it.
    """
    entry = _entry(volume, record)
    if not entry.has_default_data_stream():
        raise ValueError("it has no contents")
    count, size = entry.number_of_extents, entry.size
    if count > MOST_EXTENTS:
        raise ValueError(f"it lies in {count:,} pieces, more than {MOST_EXTENTS:,}")
    data = b""
    if not count and size:
        if size > LARGEST_RESIDENT:
            raise ValueError(f"it has {size:,} bytes and no place for them")
        data = entry.read_buffer_at_offset(size, 0)
    return {
        "size": size,
        "valid": size if data else _valid_size(entry),
        "flags": entry.file_attribute_flags or 0,
        "modified": entry.get_modification_time_as_integer(),
        "extents": [entry.get_extent(at) for at in range(count)],
        "samples": _samples(entry, count, UNIT * volume.cluster_block_size),
        "data": data.hex(),
    }


def _samples(entry: Any, count: int, unit: int) -> list[list[Any]]:
    """Offsets in the file, and the bytes there as the library reads them; None where it cannot.

    A compressed unit of 16 clusters is a run that is followed by a hole, which makes up what was saved.
    """
    at, wanted = 0, []
    for number in range(count):
        _, length, flags = entry.get_extent(number)
        if flags & SPARSE and at % unit:
            wanted.append(at - at % unit)
        at += length
    step = len(wanted) // MOST_SAMPLES + 1
    return [[at, _sample(entry, at)] for at in wanted[::step]]


def _sample(entry: Any, at: int) -> str | None:
    try:
        return str(entry.read_buffer_at_offset(SAMPLE_BYTES, at).hex())
    except OSError:
        return None


def _valid_size(entry: Any) -> int:
    streams = (one for one in entry.attributes if one.attribute_type == DATA and not one.attribute_name)
    first = next(streams, None)
    return first.valid_data_size if first is not None else 0


def _entry(volume: Any, record: int) -> Any:
    if not 0 <= record < volume.number_of_file_entries:
        raise ValueError(f"there is no record {record}")
    entry = volume.get_file_entry(record)
    if not entry.is_allocated():
        raise ValueError(f"record {record} is not in use")
    return entry


def _short(cause: Exception) -> str:
    """The library tells first what it was to do, then the cause, each after the name of a function."""
    steps = str(cause).rstrip(". ").split(". ")
    step = steps[min(1, len(steps) - 1)]
    return FUNCTION.sub("", step)[:300] or type(cause).__name__


QUESTIONS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "volume": about_volume,
    "records": about_records,
    "file": about_file,
}


class Volumes:
    """Opens a volume when it is first asked about, and keeps the one asked about last."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._place: tuple[int, int, int] | None = None
        self._volume: Any = None

    def at(self, start: int, length: int, visit: int) -> Any:
        """Return the volume at a start, of a length; another visit opens it anew."""
        import pyfsntfs  # type: ignore[import-not-found] # it has no types

        if (start, length, visit) != self._place:
            self._place = None
            self._volume = pyfsntfs.volume()
            self._volume.open_file_object(Window(self._descriptor, start, length))
            self._place = (start, length, visit)
        return self._volume


def answer(volumes: Volumes, question: dict[str, Any]) -> dict[str, Any]:
    """Answer one question; everything that a volume can do to us by way of exceptions is an answer too."""
    try:
        volume = volumes.at(question["start"], question["length"], question["visit"])
        return QUESTIONS[question["ask"]](volume, *question["of"])
    except (OSError, ValueError, TypeError, MemoryError, OverflowError, ImportError) as cause:
        return {"error": _short(cause)}


def main(descriptor: int, memory_bytes: int, answer_s: int) -> None:
    """Answer questions until there are no more."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    volumes = Volumes(descriptor)
    for line in sys.stdin:
        signal.alarm(answer_s)  # its default action ends the process, in whatever loop the library is
        said = answer(volumes, json.loads(line))
        signal.alarm(0)
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
