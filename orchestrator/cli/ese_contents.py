"""What is to be checked: what lies at the paths named, or inside the image there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.errors import VerificationError
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import SourceFolder
from orchestrator.verify.found import SetContents
from orchestrator.verify.opening import Opened
from orchestrator.verify.set_discovery import discover, with_logs_from


def contents_of(opened: Opened, inside: str, control: Control, logs: SourceFolder | None) -> SetContents:
    """Return what is to be checked of one path.

    Args:
        opened: the path.
        inside: a database or folder in it, with "/" or a backslash between names; empty for everything.
        control: asked before each request.
        logs: where the logs lie, if not beside the database.

    Raises:
        VerificationError: `verify.cannot-read`, `verify.nothing-of-ours`.
        VerificationStopped: the control said so.
    """
    inner = inside.replace("\\", "/").strip("/")
    if not inner:
        return opened.contents(control, logs)
    if opened.file is not None:
        what = f"it is no folder or volume, and has no {inside} inside"
        raise VerificationError("verify.cannot-read", what, subject=str(opened.path))
    contents = _inside(opened.folder, inner, control)
    return contents if logs is None else with_logs_from(logs, contents, control)


def together(contents: Sequence[SetContents]) -> SetContents:
    """Return several contents as one set; what was found twice counts once."""
    databases = {each.file.shown: each for one in contents for each in one.databases}
    streams = {each.logs[0].file.shown: each for one in contents for each in one.streams}
    findings = dict.fromkeys(each for one in contents for each in one.findings)
    complete = all(one.complete for one in contents)
    return SetContents(tuple(databases.values()), tuple(streams.values()), tuple(findings), complete)


def _inside(folder: SourceFolder, inner: str, control: Control) -> SetContents:
    """Return all in a folder, or one database with all that lies in its folder but the other databases."""
    parent, _, name = inner.rpartition("/")
    files = {entry.name.lower(): entry.path for entry in folder.files(parent)}
    path = files.get(name.lower())
    if path is None:
        return discover(folder, control, inner)
    beside = discover(folder, control, parent)
    own = tuple(each for each in beside.databases if each.file.entry.path == path)
    if not own:
        what = "it is no database"
        raise VerificationError("verify.nothing-of-ours", what, subject=f"{folder.name}/{path}")
    return replace(beside, databases=own)
