"""Codes of what was asked."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "input.unknown-host": Explanation(
        "No host of this name is registered.",
        "List the registered hosts with `quiesce host list`; add this one with `quiesce host add`.",
    ),
    "input.unknown-agent": Explanation(
        "No agent of this name or id is on record.",
        "See `quiesce host pending --all` for every agent.",
    ),
    "input.unknown-token": Explanation(
        "No enrolment token of this id is on record.",
        "See `quiesce host enrol-token list`.",
    ),
    "input.unknown-array": Explanation(
        "No array of this name is registered.",
        "List the registered arrays with `quiesce array list`; add this one with `quiesce array add`.",
    ),
    "input.unknown-kind": Explanation(
        "No loaded plugin offers this kind.",
        "See `quiesce plugins` for the kinds that are loaded and for plugins that failed to load.",
    ),
    "input.not-running": Explanation(
        "There is no run of that name to be stopped: it has ended, or never began.",
        "`quiesce set list` shows how it ended. Running sets are named as their progress names them.",
    ),
    "input.unknown-set": Explanation(
        "No set of this id is on record.",
        "List the sets with `quiesce set list`.",
    ),
    "input.no-clones": Explanation(
        "The set has replicas only; no clones were made of them.",
        "Put `clone = true` into the job file and run it again.",
    ),
    "input.unknown-code": Explanation(
        "This is not a code of Quiesce.",
        "Run `quiesce errors` without a code for the whole list.",
    ),
    "input.unknown-component": Explanation(
        "The host does not offer a component that the job selects.",
        "Run `quiesce host show NAME` to see what the host's writers offer, then correct the job.",
    ),
    "input.bad-speed": Explanation(
        "A speed is no number with a unit of bytes.",
        "Write it as 200MB/s (MB: 1,000,000 bytes) or 100MiB/s (MiB: 1,048,576 bytes).",
    ),
    "input.cannot-write": Explanation(
        "A file that was to be written cannot be.",
        "Name a file of the kind that is asked for, in a folder that is there and may be written to.",
    ),
    "input.usage": Explanation(
        "The command line cannot be understood.",
        "See the command's --help.",
    ),
    "input.bad-environment": Explanation(
        "An environment variable of Quiesce has a value that does not fit.",
        "Correct the variable named, or unset it.",
    ),
    "input.bad-name": Explanation(
        "The name cannot be used for an array or a host.",
        "Use 1 to 40 letters, digits, dots, hyphens and underscores, and begin with a letter or digit.",
    ),
    "input.name-taken": Explanation(
        "Something of this name is registered already.",
        "Choose another name, or remove the old one first.",
    ),
    "input.already-registered": Explanation(
        "The array or host is registered already, under another name: two would claim the same LUNs.",
        "Use the name named, or remove that one first.",
    ),
    "input.bad-file": Explanation(
        "The file cannot be read or is not valid TOML.",
        "Correct the file at the place named.",
    ),
    "input.bad-key": Explanation(
        "A key of the file is unknown, missing, or has a value that does not fit.",
        "Correct the key at the place named; docs/reference/job-file.md lists every key.",
    ),
    "input.not-built": Explanation(
        "The key or command is planned but not part of this version.",
        "Leave it out; the changelog says when it arrives.",
    ),
    "input.bad-settings": Explanation(
        "The address, the CA file or a setting of an array or host does not fit its kind.",
        "Correct what the message names: address, CA file, or a setting.",
    ),
    "input.secret-unreadable": Explanation(
        "The secret a reference points to cannot be read.",
        "Check the reference (env:NAME or file:PATH) and that this user may read it.",
    ),
    "input.bad-secret-reference": Explanation(
        "A secret is given as a value, or by a form of reference that is not known.",
        "Give a reference: env:NAME or file:PATH.",
    ),
    "input.key-unusable": Explanation(
        "A key cannot be used: not an Ed25519 key in PEM form, open to others, or unlike the public key "
        "beside it.",
        "Name the right public key file; for a signing key: chmod 600, or restore it from its backup.",
    ),
    "input.no-evidence": Explanation(
        "There is no evidence of a job of this name.",
        "Check the name; every run of a job leaves a record.",
    ),
}
