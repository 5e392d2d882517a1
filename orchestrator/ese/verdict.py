"""What may be done with a database and its logs: every rule is asked, and the worst answer counts.

- *clean*: it was shut down, and nothing speaks against it. It needs no logs.
- *recoverable*: it was in use, as a clone of a mounted store always is, and every log that it needs is there,
  whole, of its stream and its moment.
- *recoverable-with-loss*: logs with acknowledged transactions are missing behind those that it cannot do
  without. The engine refuses, unless it is told to accept the loss.
- *damaged*: pages, trees or the file are not what was written. So is one with a single wrong bit that the
  engine would mend: the storage below returned it.
- *unrecoverable*: the engine will not mount it with these files: no good header, a refused state, a required
  log missing or damaged, logs of another stream or moment, a streaming file that is missing or foreign.
- *not-verifiable*: it cannot be told: a temporary database, a streaming file alone, pages that were not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.ese.contents_rules import contents_rules
from orchestrator.ese.log_verdicts import nothing_there
from orchestrator.ese.moment_rules import clean_rules, moment_rules, same_stream
from orchestrator.ese.reports import DatabaseHeader, DatabaseReport, DatabaseState, Judgement, StreamReport
from orchestrator.ese.required_logs import log_rules, logs_of
from orchestrator.ese.state_rules import asks_for_logs, header_unusable, is_temporary, state_rules
from orchestrator.ese.weighing import Weighed
from orchestrator.model.verification import ContentFinding, Severity, Verdict


def judge(database: DatabaseReport, stream: StreamReport | None) -> Judgement:
    """Judge one database together with the logs that it needs.

    Args:
        database: as it was read.
        stream: its logs, which other databases may share; None if there are none. A clean one needs none.
    """
    header = database.pair.header
    if header is None:
        return Judgement(Verdict.UNRECOVERABLE, (header_unusable(database).finding,))
    not_checked = list(_not_checked(database, header))
    if header.streaming or is_temporary(header):
        return Judgement(Verdict.NOT_VERIFIABLE, (), tuple(not_checked))
    answers = list(_answers(database, header, stream))
    best = Verdict.CLEAN if header.state == DatabaseState.CLEAN_SHUTDOWN else Verdict.RECOVERABLE
    verdicts = [best, *(answer.verdict for answer in answers)]
    if database.pages is None:
        verdicts.append(Verdict.NOT_VERIFIABLE)
    not_checked += [answer.finding.text for answer in answers if answer.verdict is Verdict.NOT_VERIFIABLE]
    answers.sort(key=lambda answer: -list(Verdict).index(answer.verdict))
    return Judgement(Verdict.worst(verdicts), tuple(answer.finding for answer in answers), tuple(not_checked))


def findings_for(
    database: DatabaseReport, stream: StreamReport | None, judgement: Judgement
) -> tuple[ContentFinding, ...]:
    """Return all that was found in the files of one database, errors first.

    What is wrong with logs that a sound database does not need stands against those logs, and not against it:
    it is a warning here. So an error is among them only if the verdict is no pass.
    """
    pages = database.pages.findings if database.pages else ()
    streaming = database.streaming.findings if database.streaming else ()
    own = (*database.pair.findings, *database.findings, *pages, *(database.logical or ()), *streaming)
    found = [*judgement.findings, *own, *_log_findings(stream, judgement.verdict)]
    order = list(Severity)[::-1]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.severity)))


def _answers(
    database: DatabaseReport, header: DatabaseHeader, stream: StreamReport | None
) -> Iterator[Weighed]:
    path = database.path
    yield from state_rules(path, header)
    yield from contents_rules(database, header)
    if header.state == DatabaseState.CLEAN_SHUTDOWN and stream is not None:
        yield from clean_rules(path, header, stream)
    if not asks_for_logs(header):
        return
    logs = logs_of(stream, header) if stream else {}
    if stream is None or not logs:
        yield nothing_there(path, header.required[0], header.committed)
        return
    yield from moment_rules(path, header, stream, logs)
    if same_stream(header, stream):
        yield from log_rules(path, header, stream, logs)


def _not_checked(database: DatabaseReport, header: DatabaseHeader) -> Iterator[str]:
    if header.streaming:
        yield (
            f"{database.path} is a streaming file without its database: the checksums of its pages lie "
            "there, so only its two headers were checked."
        )
    elif is_temporary(header):
        yield (
            f"{database.path} is a temporary database, or was just being created: its pages bear no "
            "checksums, and it cannot be mounted. Only its two headers were checked."
        )
    else:
        if database.pages is None:
            yield f"The pages of {database.path} were not read."
        if database.streaming_path:
            yield (
                f"The pages of {database.streaming_path} are not verified: their checksums lie inside the "
                "database. Its headers were compared with those of the database."
            )


def _log_findings(stream: StreamReport | None, verdict: Verdict) -> Iterator[ContentFinding]:
    if stream is None:
        return
    checkpoint = stream.checkpoint.findings if stream.checkpoint else ()
    for finding in (*stream.findings, *(each for log in stream.logs for each in log.findings), *checkpoint):
        if verdict.passed and finding.severity is Severity.ERROR:
            yield replace(finding, severity=Severity.WARNING)
        else:
            yield finding
