"""Names of states and file types, as the engine's tools write them."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.reports import DatabaseState, FileType

_STATES: Final[dict[int, str]] = {
    DatabaseState.JUST_CREATED: "JustCreated",
    DatabaseState.DIRTY_SHUTDOWN: "DirtyShutdown",
    DatabaseState.CLEAN_SHUTDOWN: "CleanShutdown",
    DatabaseState.BEING_CONVERTED: "BeingConverted",
    DatabaseState.FORCE_DETACH: "ForceDetach",
    DatabaseState.INCREMENTAL_RESEED_IN_PROGRESS: "IncrementalReseedInProgress",
    DatabaseState.DIRTY_AND_PATCHED_SHUTDOWN: "DirtyAndPatchedShutdown",
    DatabaseState.REVERT_IN_PROGRESS: "RevertInProgress",
}

_FILE_TYPES: Final = {
    FileType.UNKNOWN: "not recorded",
    FileType.DATABASE: "database",
    FileType.STREAMING: "streaming file",
    FileType.LOG: "log",
    FileType.CHECKPOINT: "checkpoint",
    FileType.TEMPORARY_DATABASE: "temporary database",
    FileType.FLUSH_MAP: "flush map",
    # Never given to a verifier on purpose, but a file may be misnamed (ESE published/inc/jethdr.w).
    6: "FTL",
    8: "cached file",
    9: "caching file",
    10: "revert snapshot",
    11: "checkpoint of a revert snapshot",
}


def state_name(state: int) -> str:
    """Return the name of a dbstate, known or not."""
    return _STATES.get(state, f"unknown state {state}")


def file_type_name(file_type: int) -> str:
    """Return what kind of file a filetype stands for, known or not."""
    return _FILE_TYPES.get(file_type, f"unknown file type {file_type}")
