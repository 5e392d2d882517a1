"""Finds in the clones what a writer named as the files of a component."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fnmatch import translate
from pathlib import Path
from typing import Final

from orchestrator.errors import VerificationError
from orchestrator.ese.log_names import LogKind, LogName, parse_name
from orchestrator.model.verification import ContentFinding, Place, Severity
from orchestrator.plugin.verifier import ClonedComponent, ClonedFile, Control
from orchestrator.verify.bytes_source import SourceEntry, SourceFolder
from orchestrator.verify.found import FoundDatabase, SetContents, SourceFile
from orchestrator.verify.set_discovery import sort_out

# Without these a set is still whole: the engine makes them anew, or they hold nothing.
SPARE_ENDINGS: Final = (".chk", ".jcp", ".jfm", ".jrs")
LOG_ENDINGS: Final = (".log", ".jtx")
NO_DATABASE: Final = (*SPARE_ENDINGS, *LOG_ENDINGS, ".stm")


@dataclass(slots=True)
class NamedFiles:
    """What was found of the files that a component names.

    Attributes:
        found: all of them, by the host's path in small letters.
        databases: those that must be databases, whatever their headers say.
        missing: what was not found.
    """

    found: dict[str, SourceFile] = field(default_factory=dict)
    databases: list[SourceFile] = field(default_factory=list)
    missing: list[ContentFinding] = field(default_factory=list)

    def contents(self, control: Control) -> SetContents:
        """Return the set that they are."""
        contents = sort_out(self.found.values(), control)
        known = {each.file.shown for each in contents.databases}
        others = [FoundDatabase(file, None) for file in self.databases if file.shown not in known]
        findings = (*contents.findings, *self.missing)
        return replace(contents, databases=(*contents.databases, *others), findings=findings)


def find_files(component: ClonedComponent, open_clone: Callable[[Path], SourceFolder]) -> NamedFiles:
    """Look for every file of a component.

    A writer names logs by a pattern, or the current one alone: all logs of that name in that folder count. A
    checkpoint may be missing, and so may a single log, as its database may not need it; but not all of them.

    Raises:
        VerificationError: `verify.cannot-read`; a clone cannot be read at all.
    """
    files = NamedFiles()
    logs = [each for each in component.files if _last(each).endswith(LOG_ENDINGS)]
    for named in component.files:
        matches, why = _matches(named, open_clone(named.clone))
        files.found.update((match.shown.lower(), match) for match in matches)
        if named in logs or _last(named).endswith(SPARE_ENDINGS):
            continue
        if not matches:
            files.missing.append(_missing("verify.file-missing", named, why))
        elif not _last(named).endswith(NO_DATABASE):
            files.databases += matches
    if logs and not any(_is_log(file.entry.name) for file in files.found.values()):
        files.missing.append(_missing("verify.no-logs", logs[0], "there is no log at all"))
    return files


def _matches(named: ClonedFile, folder: SourceFolder) -> tuple[list[SourceFile], str]:
    inside = named.inner_path.rpartition("/")[0]
    host_folder = named.host_path[: -len(named.host_path.rpartition("\\")[2])]
    wanted = _pattern(_last(named))
    try:
        entries = list(folder.files(inside))
    except VerificationError as cause:
        return [], cause.what
    found = [SourceFile(folder, entry, f"{host_folder}{entry.name}") for entry in entries if wanted(entry)]
    return found, "it is not in the clone"


def _pattern(last: str) -> Callable[[SourceEntry], bool]:
    """A name matches whatever its case; the name of a log stands for its stream."""
    name = parse_name(last)
    if name and name.in_stream:
        return lambda entry: _same_stream(parse_name(entry.name), name.base)
    pattern = re.compile(translate(last))
    return lambda entry: pattern.fullmatch(entry.name.lower()) is not None


def _same_stream(name: LogName | None, base: str) -> bool:
    return name is not None and name.base == base and (name.in_stream or name.kind is LogKind.CHECKPOINT)


def _is_log(file_name: str) -> bool:
    name = parse_name(file_name)
    return name is not None and name.in_stream


def _last(named: ClonedFile) -> str:
    return named.inner_path.rpartition("/")[2].lower()


def _missing(code: str, named: ClonedFile, why: str) -> ContentFinding:
    text = f"{named.host_path} is named by the writer, but {why}."
    return ContentFinding(code, Severity.ERROR, Place(named.host_path), text)
