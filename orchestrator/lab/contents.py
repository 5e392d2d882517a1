"""Looks into clones of an emulated Exchange server's array volumes, as the gate before truncation does."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from orchestrator.model.verification import Verdict, VerifiedComponent
from orchestrator.plugin.verifier import ClonedComponent, ClonedFile
from orchestrator.verify.bytes_source import SourceFolder
from orchestrator.verify.ese_verifier import EXCHANGE_WRITER_ID, EseVerifier
from orchestrator.verify.raw import open_raw
from orchestrator.verify.throttle import Unthrottled

DATABASE_ENDING: Final = ".edb"
LOG_PATTERNS: Final = ("E*.log", "E*.chk")


def verify_pair(log_clone: Path, database_clone: Path) -> Sequence[VerifiedComponent]:
    """Verify every database in a clone of one array volume that has its logs in a clone of another.

    Raises:
        VerificationError: `verify.cannot-read`; there is no file system in one of them.
    """
    with ExitStack() as stack:
        trees = {path: stack.enter_context(closing(open_raw(path))) for path in {log_clone, database_clone}}
        components = [
            _component(folder, trees[database_clone], log_clone, database_clone)
            for folder in sorted(_databases(trees[database_clone]) & _logs(trees[log_clone]))
        ]
        return EseVerifier(lambda path: _Lent(trees[path])).verify(components, Unthrottled())


def too_new(verified: Sequence[VerifiedComponent]) -> str:
    """Return what is said of the first database that is newer than its logs; empty if none is."""
    return next(
        (
            finding.text
            for each in verified
            if each.verdict is Verdict.UNRECOVERABLE
            for finding in each.findings
            if finding.code == "ese.database-newer-than-logs"
        ),
        "",
    )


class _Lent:
    """A tree for somebody who closes what he is given; we close it ourselves."""

    def __init__(self, tree: SourceFolder) -> None:
        self.name = tree.name
        self.files = tree.files
        self.folders = tree.folders
        self.open = tree.open

    def close(self) -> None:
        """Leave it open."""


def _databases(tree: SourceFolder) -> set[str]:
    """The emulated server keeps each database in a folder of its name, and the logs in another such one."""
    return {each for each in tree.folders() if f"{each}{DATABASE_ENDING}" in _names(tree, each)}


def _logs(tree: SourceFolder) -> set[str]:
    return {each for each in tree.folders() if any(name.endswith(".chk") for name in _names(tree, each))}


def _component(database: str, tree: SourceFolder, log_clone: Path, database_clone: Path) -> ClonedComponent:
    own = [name for name in _names(tree, database) if name.startswith(f"{database}.")]
    files = [_file("databases", database, name, database_clone) for name in own]
    files += [_file("logs", database, name, log_clone) for name in LOG_PATTERNS]
    return ClonedComponent(database, EXCHANGE_WRITER_ID, tuple(files))


def _names(tree: SourceFolder, folder: str) -> list[str]:
    return [entry.name for entry in tree.files(folder)]


def _file(where: str, folder: str, name: str, clone: Path) -> ClonedFile:
    return ClonedFile(rf"{where}\{folder}\{name}", f"{folder}/{name}", clone)
