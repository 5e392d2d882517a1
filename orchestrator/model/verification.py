"""What a look into a clone's contents found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What may be done with the contents, the best first.

    `NOT_VERIFIABLE` and `NO_VERIFIER` say nothing against them, and nothing for them.
    """

    CLEAN = "clean"
    RECOVERABLE = "recoverable"
    NO_VERIFIER = "no-verifier"
    NOT_VERIFIABLE = "not-verifiable"
    RECOVERABLE_WITH_LOSS = "recoverable-with-loss"
    DAMAGED = "damaged"
    UNRECOVERABLE = "unrecoverable"

    @property
    def passed(self) -> bool:
        """The contents can be mounted, at most after a replay of logs that are all there."""
        return self in {Verdict.CLEAN, Verdict.RECOVERABLE}

    @property
    def failed(self) -> bool:
        """The contents are not what they should be: the set is quarantined."""
        return self in {Verdict.RECOVERABLE_WITH_LOSS, Verdict.DAMAGED, Verdict.UNRECOVERABLE}

    @classmethod
    def worst(cls, verdicts: list[Verdict]) -> Verdict:
        """Return the worst of several; of none: there was nothing to verify."""
        return max(verdicts, key=list(cls).index, default=cls.NOT_VERIFIABLE)


class Severity(StrEnum):
    """How much a finding weighs."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found.

    Attributes:
        file: as the reader names it.
        unit: what is counted in that file: "page", "header", "segment", "record"; empty for the whole.
        number: which of them (a page number, a segment index); None for the whole file.
        byte: offset in the file; None where no single byte can be named.
    """

    file: str
    unit: str = ""
    number: int | None = None
    byte: int | None = None

    def __str__(self) -> str:
        number = "" if self.number is None else f" {self.number}"
        unit = f", {self.unit}{number}" if self.unit else ""
        return f"{self.file}{unit}" + ("" if self.byte is None else f" (byte {self.byte:,})")


@dataclass(frozen=True, slots=True)
class ContentFinding:
    """One thing found in the contents.

    Attributes:
        code: a key of the error catalogue, which has cause and remedy.
        severity: only an `ERROR` stands against the contents.
        place: where.
        text: one sentence.
        ese_error: the number that the engine itself has for it (-1018 …); None if it has none.
    """

    code: str
    severity: Severity
    place: Place
    text: str
    ese_error: int | None = None


@dataclass(frozen=True, slots=True)
class VerifiedComponent:
    """One database of a set, and what its files say.

    Attributes:
        caption: as the host calls the component.
        verifier: kind of the verifier that looked; empty if there is none for its writer.
        verdict: of this component.
        files: those that were read.
        bytes_read: from the clones, in bytes.
        findings: errors first; at most a hundred, `findings_left_out` counts the others.
        findings_left_out: how many more there were.
    """

    caption: str
    verifier: str
    verdict: Verdict
    files: tuple[str, ...] = ()
    bytes_read: int = 0
    findings: tuple[ContentFinding, ...] = ()
    findings_left_out: int = 0


@dataclass(frozen=True, slots=True)
class ContentsReport:
    """One look into the contents of a set.

    Attributes:
        components: in the order of the set.
        started_at: on our clock, UTC.
        ended_at: likewise.
        note: what people should know of the look itself, empty mostly.
    """

    components: tuple[VerifiedComponent, ...]
    started_at: datetime
    ended_at: datetime
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """That of the worst component: they share one fate."""
        return Verdict.worst([each.verdict for each in self.components])

    @property
    def bytes_read(self) -> int:
        """From all clones, in bytes."""
        return sum(each.bytes_read for each in self.components)

    @property
    def worst(self) -> VerifiedComponent | None:
        """The first component with that verdict."""
        return next((each for each in self.components if each.verdict is self.verdict), None)
