"""A verdict in one sentence, and what to do next: for people who have to decide at night."""

from __future__ import annotations

from typing import Final

from orchestrator.cli.ese_findings import named_shortly
from orchestrator.ese.reports import DatabaseHeader, DatabaseReport, Judgement
from orchestrator.model.verification import Severity, Verdict

NEXT: Final = {
    Verdict.CLEAN: "Nothing. It may be mounted, backed up or handed on.",
    Verdict.RECOVERABLE: "Nothing. Keep database and logs together: one without the other is not a copy.",
    Verdict.RECOVERABLE_WITH_LOSS: "Do not truncate logs on the source. Make a new set; mount this one only "
    "if there is no other, and accept that mail of the last minutes is lost.",
    Verdict.DAMAGED: "Do not truncate logs on the source. Check the source's copy of this database in the "
    "same way now: if it is damaged too, restore an older proven set; if not, check array and cabling and "
    "make a new set.",
    Verdict.UNRECOVERABLE: "Do not truncate logs on the source. Look for the files named below (is the log "
    "volume's clone of the same set?); if they are nowhere, make a new set.",
    Verdict.NOT_VERIFIABLE: "Do not truncate logs because of this answer. See below what was not checked.",
    Verdict.NO_VERIFIER: "Do not truncate logs because of this answer. No part of this version can check it.",
}


def verdict_sentence(database: DatabaseReport, judgement: Judgement) -> str:
    """Return what may be done with a database, as one sentence."""
    header = database.pair.header
    match judgement.verdict:
        case Verdict.CLEAN:
            return "This database can be mounted as it is; no log is needed."
        case Verdict.RECOVERABLE:
            return f"This database can be mounted after replay of {_logs_of(header)}; {_all_there(header)}."
        case Verdict.RECOVERABLE_WITH_LOSS:
            return f"This database can be mounted only with loss: {_first_reason(database, judgement)}"
        case Verdict.DAMAGED:
            return f"This database is damaged: {_damage(database, judgement)}"
        case Verdict.UNRECOVERABLE:
            return f"This database cannot be mounted: {_first_reason(database, judgement)}"
        case Verdict.NOT_VERIFIABLE | Verdict.NO_VERIFIER:
            said = named_shortly(" ".join(judgement.not_checked), database.path)
            return f"This database cannot be verified: {said or _first_reason(database, judgement)}"


def generations(first: int, last: int) -> str:
    """Return a range of logs as people write it: log 0x1A, or logs 0x1A to 0x1D."""
    return f"log 0x{first:X}" if first == last else f"logs 0x{first:X} to 0x{last:X}"


def size_text(size_bytes: float) -> str:
    """Return a size with a unit of powers of 1024: 64 KiB, 1.5 GiB."""
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while size_bytes >= 1024 and len(units) > 1:
        size_bytes /= 1024
        del units[0]
    return f"{size_bytes:,.4g} {units[0]}"


def _logs_of(header: DatabaseHeader | None) -> str:
    if header is None or not header.required[1]:
        return "its logs"
    return generations(header.required[0], max(header.committed, header.required[1]))


def _all_there(header: DatabaseHeader | None) -> str:
    one = header is not None and header.required[0] == max(header.committed, header.required[1])
    return "it is here and intact" if one else "all are here and intact"


def _damage(database: DatabaseReport, judgement: Judgement) -> str:
    if database.pages is None or not database.pages.counts.bad:
        return _first_reason(database, judgement)
    bad, data = database.pages.counts.bad, database.pages.counts.data
    return f"{bad:,} of its {data:,} pages {'is' if bad == 1 else 'are'} beyond repair."


def _first_reason(database: DatabaseReport, judgement: Judgement) -> str:
    """Return the first error of a judgement, or else its first finding, to go on with after a colon."""
    findings = sorted(judgement.findings, key=lambda finding: finding.severity is not Severity.ERROR)
    text = named_shortly(findings[0].text, database.path) if findings else "see below."
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
