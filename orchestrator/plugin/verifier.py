"""What a verifier is: it reads the clone of one component, and says whether the contents are sound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from orchestrator.model.verification import VerifiedComponent


@dataclass(frozen=True, slots=True)
class ClonedFile:
    r"""One file that a component names, and the clone that it lies in.

    Attributes:
        host_path: as the host calls it ("E:\\DB01\\DB01.edb"); its last part may hold `*` and `?`.
        inner_path: its path inside the clone's file system, with "/" between names, none before the first.
        clone: a device or file with the bytes of that clone, to be opened read-only.
    """

    host_path: str
    inner_path: str
    clone: Path


@dataclass(frozen=True, slots=True)
class ClonedComponent:
    """One component of a set, as it lies in clones.

    Attributes:
        caption: what people call it.
        writer_id: VSS writer id of the writer that owns it; empty for a file system without writer.
        files: all that it names.
    """

    caption: str
    writer_id: str
    files: tuple[ClonedFile, ...]


class Control(Protocol):
    """How whoever asked for a verification slows it, stops it and watches it. Called from worker threads."""

    def take(self, size_bytes: int) -> None:
        """Wait until so many bytes may be read in one request.

        Raises:
            VerificationStopped: it is not wanted any more. Asked for at least ten times a second.
        """

    def advance(self, what: str, done_bytes: int, total_bytes: int) -> None:
        """Tell how far the reading of one file has come."""


class Verifier(ABC):
    """Looks into clones of one family of applications.

    Attributes:
        kind: unique name ("ese").
        writer_ids: VSS writer ids whose components it understands, lower case.
    """

    kind: ClassVar[str]
    writer_ids: ClassVar[frozenset[str]]

    @abstractmethod
    def verify(self, components: Sequence[ClonedComponent], control: Control) -> Sequence[VerifiedComponent]:
        """Read the components and say what was found, in the same order. Blocks; writes nothing anywhere.

        Whatever is wrong with the contents is a finding, never an exception.

        Raises:
            VerificationStopped: the control said so.
            VerificationError: a clone could not be read at all (`verify.cannot-read`).
        """
