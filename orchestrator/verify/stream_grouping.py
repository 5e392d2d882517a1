"""Tells apart the streams whose logs lie in one folder under one base name. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from orchestrator.ese.reports import Signature
from orchestrator.verify.found import FoundLog

NO_SIGNATURE: Final = Signature(b"")


def streams_of(logs: Iterable[FoundLog], known: Collection[Signature]) -> list[list[FoundLog]]:
    """Group logs of one folder and one base by what stream they are of, the largest first.

    A log of another signature amid a stream, or next to it, is a log that was replaced: it stays in that
    stream, whose check then says so. Far from it, it is what an earlier life of the server left behind: a
    stream by itself. So is every stream that one of the databases names.

    Args:
        logs: all of one folder and one base.
        known: signatures that databases name.
    """
    clusters: dict[Signature, list[FoundLog]] = {}
    for log in logs:
        clusters.setdefault(log.header.sign_log if log.header else NO_SIGNATURE, []).append(log)
    damaged = clusters.pop(NO_SIGNATURE, [])
    streams: list[list[FoundLog]] = []
    for signature, cluster in sorted(clusters.items(), key=lambda each: -len(each[1])):
        home = None if signature in known else _home(cluster, streams)
        if home is None:
            streams.append(cluster)
        else:
            home.extend(cluster)
    for log in damaged:
        home = _home([log], streams) or _nearest(log, streams)
        if home is None:
            streams.append([log])
        else:
            home.append(log)
    return streams


def signature_of(stream: Sequence[FoundLog]) -> Signature:
    """Return that of most of its logs."""
    signatures = [log.header.sign_log for log in stream if log.header]
    return max(signatures, key=signatures.count, default=NO_SIGNATURE)


def _home(cluster: Sequence[FoundLog], streams: Sequence[list[FoundLog]]) -> list[FoundLog] | None:
    """Return the stream that the logs lie in or next to; without numbers, the one that goes furthest."""
    numbers = [log.name.generation for log in cluster if log.name.generation]
    if not numbers:
        return max(streams, key=_highest, default=None)
    for stream in streams:
        there = [log.generation for log in stream if log.generation]
        if there and min(numbers) <= max(there) + 1 and min(there) <= max(numbers) + 1:
            return stream
    return None


def _nearest(log: FoundLog, streams: Sequence[list[FoundLog]]) -> list[FoundLog] | None:
    """Return the stream whose logs are the least far away in number."""
    number = log.generation or 0
    return min(
        streams,
        key=lambda stream: min(abs((each.generation or 0) - number) for each in stream),
        default=None,
    )


def _highest(stream: Sequence[FoundLog]) -> int:
    return max((log.generation or 0 for log in stream), default=0)
