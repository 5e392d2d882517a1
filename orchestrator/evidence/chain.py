"""One job's records on disk, each bound to the one before by its digest."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from orchestrator import __version__
from orchestrator.errors import BadInput, EvidenceError
from orchestrator.evidence.canonical import about, sha256_hex
from orchestrator.evidence.durable import locked, write_durably
from orchestrator.evidence.envelope import Envelope, read_envelope, signed_bytes, write_envelope
from orchestrator.evidence.keys import LAB_KEY, PublicKey, SigningKey
from orchestrator.evidence.records import NO_PREVIOUS, Claim, Link, Origin, Record
from orchestrator.evidence.statements import kind_of, read_statement, write_statement
from orchestrator.evidence.verify import VerifiedChain, verify_chain, verify_record

_FILE_NAME: Final = re.compile(r"(\d{6,})-[a-z-]+\.json")  # temporary files begin with a dot


def seal(record: Record[Claim], key: SigningKey) -> bytes:
    """Return a record's signed file. Nothing is said of whether the record is true."""
    payload = write_statement(record)
    return write_envelope(Envelope(payload, key.public.key_id, key.sign(signed_bytes(payload))))


class EvidenceChain:
    """The records of one job, one file each: `000001-proof.json`, `000002-writers-answer.json`.

    Blocks on the disk: call it from a thread, and never inside a freeze window.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_job(cls, evidence: Path, job: str) -> EvidenceChain:
        """Return a job's chain below the folder for evidence.

        Raises:
            BadInput: `input.no-evidence`, no job can have this name.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", job):
            raise BadInput("input.no-evidence", "no job can have this name", subject=job)
        return cls(evidence / job)

    def files(self) -> tuple[Path, ...]:
        """Return the record files in order."""
        numbered = ((_FILE_NAME.fullmatch(path.name), path) for path in self._folder.glob("*.json"))
        return tuple(path for _, path in sorted((int(name[1]), path) for name, path in numbered if name))

    def head(self) -> str:
        """Return the digest of the last record's file, 64 zeros when there is none."""
        files = self.files()
        return sha256_hex(files[-1].read_bytes()) if files else NO_PREVIOUS

    def verify(self, *keys: PublicKey, head: str | None = None) -> VerifiedChain:
        """Check the whole chain.

        Raises:
            EvidenceError: as `verify_chain`; also when the chain has no record, or not its first one.
        """
        files = self.files()
        if not files:
            raise EvidenceError("evidence.chain-broken", "it has no records", subject=self._folder.name)
        chain = verify_chain(((path.name, path.read_bytes()) for path in files), keys, head)
        if not chain.complete:
            raise EvidenceError("evidence.chain-broken", "its first record is missing", subject=files[0].name)
        return chain

    def check_ready(self, origin: Origin) -> None:
        """Pass when the next record of this origin would find its place: ask before anything is frozen.

        Raises:
            EvidenceError: the chain's last record is damaged, or another job's.
        """
        self._last_of(origin)

    def append(self, key: SigningKey, origin: Origin, claim: Claim, made_at: datetime) -> Path:
        """Sign a claim and store it as the next record. When this returns, it would survive a power cut.

        What is written has been verified just as a third party would: a claim that its own facts do not
        support is never signed into a chain. After an error the chain is as it was.

        Args:
            key: the lab's when the origin is emulated, otherwise the installation's own.
            origin: which attempt of which run.
            claim: what it says.
            made_at: now, on any time zone's clock.

        Raises:
            EvidenceError: the claim is not supported, the key is the wrong one, or the chain's last record is
                damaged or another job's.
        """
        if origin.emulated != (key.name == LAB_KEY):
            raise EvidenceError("evidence.wrong-key", f"{key.name} is not the key for this run")
        with locked(self._folder):
            sequence, previous = self._last_of(origin)
            record = Record(origin, Link(sequence + 1, previous, made_at, __version__), claim)
            path = self._folder / f"{sequence + 1:06}-{kind_of(record)}.json"
            data = seal(record, key)
            verify_record(data, [key.public], path.name)
            write_durably(path, data)
        return path

    def _last_of(self, origin: Origin) -> tuple[int, str]:
        """Return number and digest of the last record, once it is known to belong to the same chain."""
        files = self.files()
        if not files:
            return 0, NO_PREVIOUS
        data = files[-1].read_bytes()
        last = read_record(data, files[-1].name)
        if (last.origin.job, last.origin.installation) != (origin.job, origin.installation):
            raise EvidenceError(
                "evidence.chain-broken", "it is of another job or installation", subject=files[-1].name
            )
        return last.link.sequence, sha256_hex(data)


def read_record(data: bytes, name: str = "record") -> Record[Claim]:
    """Return what a record file says; errors call it `name`. Neither signature nor claim is checked.

    Raises:
        EvidenceError: it is not a record as Quiesce writes it.
    """
    with about(name):
        return read_statement(read_envelope(data).payload)
