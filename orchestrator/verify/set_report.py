"""What is known of a whole set: its databases, each judged, and its log streams."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from orchestrator.ese.reports import DatabaseReport, FlushMapReport, Judgement, StreamReport
from orchestrator.ese.verdict import findings_for
from orchestrator.model.verification import ContentFinding, Severity, Verdict

ORDER: Final = (Severity.ERROR, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True)
class SetReport:
    """The result of `set_check.check_set`.

    Attributes:
        databases: in the order in which they were given.
        streams: those that were read, in the order in which they were given.
        verdict: the worst of the databases; of the streams, if there is no database.
        bytes_read: of all files together.
        seconds: that the reading and checking took.
        findings: about the set as a whole; those of single files are in their reports.
        flush_maps: as far as there are any.
        streams_used: the logs that each database was judged with; None for one without.
    """

    databases: tuple[tuple[DatabaseReport, Judgement], ...]
    streams: tuple[StreamReport, ...]
    verdict: Verdict
    bytes_read: int
    seconds: float
    findings: tuple[ContentFinding, ...] = ()
    flush_maps: tuple[FlushMapReport, ...] = ()
    streams_used: tuple[StreamReport | None, ...] = ()

    @property
    def bytes_per_s(self) -> float | None:
        """How fast it was; None if it was too short to say."""
        return self.bytes_read / self.seconds if self.seconds > 0 else None

    def all_findings(self) -> tuple[ContentFinding, ...]:
        """Return every finding once, errors first: of the set, its databases, their logs and companions.

        What is wrong with logs that no database needs is a warning, if there are databases.
        """
        found = [*self.findings]
        for (database, judgement), stream in zip(self.databases, self.streams_used, strict=True):
            found += findings_for(database, stream, judgement)
        for stream in self.streams:
            if stream not in self.streams_used:
                found += (_milder(each) if self.databases else each for each in stream_findings(stream))
        found += (finding for flush_map in self.flush_maps for finding in flush_map.findings)
        return tuple(sorted(dict.fromkeys(found), key=lambda each: ORDER.index(each.severity)))


def stream_findings(stream: StreamReport) -> tuple[ContentFinding, ...]:
    """Return what was found in a stream, its logs and its checkpoint."""
    checkpoint = stream.checkpoint.findings if stream.checkpoint else ()
    logs = (finding for log in stream.logs for finding in log.findings)
    return (*stream.findings, *logs, *checkpoint)


def _milder(finding: ContentFinding) -> ContentFinding:
    return replace(finding, severity=min(finding.severity, Severity.WARNING, key=ORDER[::-1].index))
