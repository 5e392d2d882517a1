"""`quiesce evidence`: verify and show signed records. Needs nothing but files and a public key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import click

from orchestrator.cli.output import Answer, answers
from orchestrator.config.small_file import read_small_file, reason_of
from orchestrator.config.state_folder import StateFolder
from orchestrator.errors import BadInput, EvidenceError
from orchestrator.evidence.canonical import MAX_BYTES, sha256_hex
from orchestrator.evidence.chain import EvidenceChain, read_record
from orchestrator.evidence.envelope import read_envelope
from orchestrator.evidence.keys import PublicKey
from orchestrator.evidence.records import Aborted, Claim, Proof, Record
from orchestrator.evidence.statements import kind_of
from orchestrator.evidence.text import summary_of, text_of
from orchestrator.evidence.verify import Verified, VerifiedChain, verify_chain

_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


def _digest(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[0-9a-f]{64}", value):
        raise click.BadParameter("a head is 64 lower-case hexadecimal digits", ctx, param)
    return value


@click.group()
def evidence() -> None:
    """Verify and show signed records."""


@evidence.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_FILE)
@click.option(
    "--key",
    "keys",
    required=True,
    multiple=True,
    type=_FILE,
    help="Public key that signed the records; may be given again when the chain has several.",
)
@click.option("--head", callback=_digest, help="Digest of the last record, as it was kept elsewhere.")
@answers("quiesce.evidence-verification/1")
def verify(files: tuple[Path, ...], keys: tuple[Path, ...], head: str | None) -> Answer:
    """Check records: signatures, R1 applied again to the recorded facts, and their chain.

    The order of the files does not matter. Without --head, a tail that was cut off cannot be seen.
    """
    chain = verify_chain(
        ((str(path), _read(path)) for path in files), [PublicKey.from_file(key) for key in keys], head
    )
    return Answer(
        {
            "records": [_facts_of(each) for each in chain.records],
            "complete": chain.complete,
            "head": chain.head,
            "head_checked": head is not None,
            "notes": list(chain.notes),
        },
        _text_of_chain(chain, head),
    )


@evidence.command()
@click.argument("file", metavar="FILE", type=_FILE)
@answers("quiesce.evidence-record/1")
def show(file: Path) -> Answer:
    """Show what a record says, without checking it; with --json, its in-toto Statement."""
    data, record = _record(file)
    envelope, digest = read_envelope(data), sha256_hex(data)
    return Answer(
        {
            "statement": json.loads(envelope.payload),
            "key_id": envelope.key_id,
            "sha256": digest,
            "verified": False,
        },
        f"{text_of(record)}\n  sha256 {digest}\n  NOT VERIFIED: run `quiesce evidence verify FILE --key PUB`",
    )


@evidence.command()
@click.argument("names", metavar="JOB|FILE...", nargs=-1, required=True)
@answers("quiesce.evidence-head/1")
def head(names: tuple[str, ...]) -> Answer:
    """Print the digest of a chain's last record: keep it where nobody can change both it and the chain."""
    records = [_record(path) for path in _files_of(names)]
    data, last = max(records, key=lambda each: each[1].link.sequence)
    return Answer({"head": sha256_hex(data), "sequence": last.link.sequence}, sha256_hex(data))


def _files_of(names: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the files named, or the last record of the job named."""
    if len(names) > 1 or Path(names[0]).is_file():
        return tuple(Path(name) for name in names)
    files = EvidenceChain.of_job(StateFolder.from_environment().evidence, names[0]).files()
    if not files:
        raise BadInput("input.no-evidence", "there is no such file and no such job", subject=names[0])
    return files[-1:]


def _record(path: Path) -> tuple[bytes, Record[Claim]]:
    data = _read(path)
    return data, read_record(data, str(path))


def _read(path: Path) -> bytes:
    try:
        return read_small_file(path, MAX_BYTES).content
    except (OSError, ValueError) as error:
        raise EvidenceError("evidence.malformed", f"the file {reason_of(error)}", subject=str(path)) from None


def _facts_of(each: Verified) -> dict[str, Any]:
    origin, claim = each.record.origin, each.record.claim
    return {
        "file": each.name,
        "kind": kind_of(each.record),
        "job": origin.job,
        "run_id": origin.run_id,
        "attempt": origin.attempt,
        "sequence": each.record.link.sequence,
        "emulated": origin.emulated,
        "grade": claim.grade if isinstance(claim, Proof) else None,
        "status": claim.status if isinstance(claim, Aborted) else None,
        "findings": [finding.code for finding in claim.findings] if isinstance(claim, Proof) else [],
        "key_id": each.key_id,
        "sha256": each.sha256,
    }


def _text_of_chain(chain: VerifiedChain, head: str | None) -> str:
    lines = [f"ok    {each.record.link.sequence} {summary_of(each.record)}" for each in chain.records]
    lines += [f"note  {note}" for note in chain.notes]
    lines.append(f"head  {chain.head} {'as kept elsewhere' if head else '(not compared: no --head given)'}")
    return "\n".join(lines)
