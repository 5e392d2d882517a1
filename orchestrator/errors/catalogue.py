"""Every code with its cause and remedy: what `quiesce errors CODE` and the reference page print."""

from __future__ import annotations

from typing import Final, NamedTuple


class Explanation(NamedTuple):
    """Why a code appears, and what to do next."""

    cause: str
    remedy: str


CATALOGUE: Final[dict[str, Explanation]] = {
    # ------------------------------------------------------------------ what was asked
    "input.unknown-host": Explanation(
        "No host of this name is registered.",
        "List the registered hosts with `quiesce host list`; add this one with `quiesce host add`.",
    ),
    "input.unknown-array": Explanation(
        "No array of this name is registered.",
        "List the registered arrays with `quiesce array list`; add this one with `quiesce array add`.",
    ),
    "input.unknown-kind": Explanation(
        "No loaded plugin offers this kind.",
        "See `quiesce plugins` for the kinds that are loaded and for plugins that failed to load.",
    ),
    "input.unknown-set": Explanation(
        "No set of this id is on record.",
        "List the sets with `quiesce set list`.",
    ),
    "input.unknown-code": Explanation(
        "This is not a code of Quiesce.",
        "Run `quiesce errors` without a code for the whole list.",
    ),
    "input.unknown-component": Explanation(
        "The host does not offer a component that the job selects.",
        "Run `quiesce host show NAME` to see what the host's writers offer, then correct the job.",
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
    # ------------------------------------------------------------------ policy
    "policy.break-off-refused": Explanation(
        "A copy without a writer freeze (a third-mirror break-off) was asked for, or found without proof. "
        "Its pages and logs may stem from different instants.",
        "Make a proven set with `quiesce run`. To use such a copy anyway, outside Quiesce, it would need "
        "ESEUTIL (/K, then /R or /P) and ISINTEG repair, and may lose mail.",
    ),
    "policy.no-writers-context": Explanation(
        "The VSS context carries the NO_WRITERS bit (0x10, 0x19, 0x1D): no writer would take part.",
        "Leave the context out, or use 0x00040029 or 0x00000029.",
    ),
    "policy.unsupported-context": Explanation(
        "The VSS context is not one that Quiesce makes sets in: they must be persistent, with writers, and "
        "transportable, so that the copy never comes up on the production host beside its source.",
        "Leave the context out, or use 0x00040029, 0x00000029 or 0x00020029.",
    ),
    "policy.host-volume-missing": Explanation(
        "The set would lack a host volume that holds files of a selected component.",
        "Add the host volume to the set: a database and its logs belong together (VSS 0x800423F0).",
    ),
    "policy.too-many-volumes": Explanation(
        "A shadow copy set holds at most 64 host volumes.",
        "Select fewer databases, or split the job in two.",
    ),
    "policy.forecast-over-budget": Explanation(
        "The forecast of the freeze window does not fit its budget.",
        "Run at a quieter hour, select fewer databases, or find out why the array answers slowly "
        "(`quiesce array test NAME`).",
    ),
    "policy.grade-out-of-reach": Explanation(
        "The host or a provider cannot reach the grade that the job asks for.",
        "Use a host kind and arrays that reach the grade; a job is never downgraded.",
    ),
    "policy.dynamic-disk": Explanation(
        "A selected host volume lies on a dynamic disk, Storage Spaces or LVM, and not every LUN "
        "behind it is known.",
        "Move the data to a basic disk, or register the arrays of every LUN behind the host volume.",
    ),
    "policy.bystander-volume": Explanation(
        "A LUN of the set also carries a host volume that is not in the set.",
        "Add that host volume's component to the job, or move it to another LUN.",
    ),
    "policy.lun-unknown": Explanation(
        "No registered array knows this LUN.",
        "Register the array that serves it (`quiesce array add`).",
    ),
    "policy.lun-claimed-twice": Explanation(
        "More than one array, or array volume, claims this LUN (replicated or stretched).",
        "Name the array to use for it in the job: [lun_array] in the job file.",
    ),
    "policy.source-is-clone": Explanation(
        "The source LUN is itself a replica made by Quiesce.",
        "Select the production database, not its copy.",
    ),
    "policy.backup-type": Explanation(
        "This backup type is not supported.",
        'Use backup_type = "copy".',
    ),
    "policy.not-selectable": Explanation(
        "The component cannot be selected by itself.",
        "Select the component above it; `quiesce host show NAME` marks the selectable ones.",
    ),
    "policy.too-many-per-cut": Explanation(
        "The array cannot cut this many array volumes at one instant.",
        "Select fewer databases, or split the job in two.",
    ),
    "policy.cut-not-authorised": Explanation(
        "A request marked as a cut had no live token of an open freeze window.",
        "This is a fault of the provider plugin: report it to its author.",
    ),
    "policy.emulated-outside-lab": Explanation(
        "Evidence of an emulated run was offered for something real.",
        "Make a set on the real host and arrays.",
    ),
    "policy.connection-not-proven": Explanation(
        "An array's warm connection was not proven within 5 s of the freeze.",
        "Check the network to the array with `quiesce array test NAME`, then run again.",
    ),
    "policy.set-in-use": Explanation(
        "The set cannot be deleted in its present state.",
        "Wait for its run to end, or run `quiesce recover`.",
    ),
    "policy.array-in-use": Explanation(
        "The array holds replicas of a set on record, which nobody could delete once it is forgotten.",
        "Delete those sets first: `quiesce set list`, `quiesce set delete ID`.",
    ),
    # ------------------------------------------------------------------ registry
    "registry.unusable": Explanation(
        "The database in the state folder cannot be opened, read or written.",
        "Read the reason given. If the file is damaged, restore the state folder from its backup.",
    ),
    "registry.other-version": Explanation(
        "The database was made by another version of Quiesce. It was left as it is.",
        "Use the version that made it, or a newer one that can convert it.",
    ),
    # ------------------------------------------------------------------ host
    "host.unreachable": Explanation(
        "The host did not answer.",
        "Check that its agent runs and that the network path is open: `quiesce host test NAME`.",
    ),
    "host.gone": Explanation(
        "The connection to the host was lost during a session.",
        "The host thaws by itself at its deadline. Check the host, then run again.",
    ),
    "host.busy": Explanation(
        "Another run holds this host. One set can be in creation per host at a time.",
        "Wait for the other run to end, then run again.",
    ),
    "host.rejected": Explanation(
        "The host refused a request.",
        "Read the reason given; `quiesce host test NAME` shows the state of its writers.",
    ),
    "host.writer-failed": Explanation(
        "A selected writer reported failure.",
        "Start a new run. If it fails again, restart the service that owns the writer.",
    ),
    "host.login-failed": Explanation(
        "The host did not accept the secret.",
        "Renew the secret that the host's reference points to.",
    ),
    "host.other-identity": Explanation(
        "Another host answers at this address than the one that was registered.",
        "Find out what changed. If it is meant to be so, `quiesce host remove NAME` and add it again.",
    ),
    # ------------------------------------------------------------------ array
    "array.unreachable": Explanation(
        "The array did not answer.",
        "Check address and network: `quiesce array test NAME`.",
    ),
    "array.untrusted": Explanation(
        "The array's certificate is not signed by the CA that was registered, or is for another name.",
        "Register the right CA with --ca-file. Verification is never switched off.",
    ),
    "array.login-failed": Explanation(
        "The array did not accept the secret: wrong, expired or revoked.",
        "Renew the secret that the array's reference points to, then `quiesce array test NAME`.",
    ),
    "array.not-permitted": Explanation(
        "The array account lacks a right.",
        "Grant the role that the provider's README names.",
    ),
    "array.busy": Explanation(
        "The array was overloaded and did not execute the request.",
        "Run again at a quieter time.",
    ),
    "array.rejected": Explanation(
        "The array refused a request.",
        "Read the array's own words in the message.",
    ),
    "array.full": Explanation(
        "The array has no room for another replica.",
        "Free space on the array, or expire old sets with `quiesce set delete`.",
    ),
    "array.name-taken": Explanation(
        "A cut found its name taken. A cut whose own answer we do not have is never accepted.",
        "Run again: every attempt uses fresh names.",
    ),
    "array.answer-lost": Explanation(
        "A request got no answer: it may or may not have been executed.",
        "Nothing to do now: what the request may have made is looked up and removed.",
    ),
    "array.bad-answer": Explanation(
        "The array's answer does not have the documented form.",
        "Check the array's software version against the provider's README and report the difference.",
    ),
    "array.partial-cut": Explanation(
        "The array cut some of the planned array volumes only, or not at one instant.",
        "Check the array's alerts and that nobody edits our protection groups, then run again.",
    ),
    "array.members-changed": Explanation(
        "The members of a consistency group were edited between arming and the cut.",
        "Find out who edits consistency groups of Quiesce on this array, then run again.",
    ),
    "array.version-not-supported": Explanation(
        "The array speaks none of the versions of its API that the provider knows.",
        "Update the array's software; the provider's README names the versions.",
    ),
    "array.volume-not-supported": Explanation(
        "An array volume is of a kind that a cut of ours cannot hold (in a pod, a replication target, a name "
        "too long).",
        "Move the data to an ordinary array volume, or give it a shorter name.",
    ),
    "array.cannot-clone": Explanation(
        "The array's provider makes no array volumes from replicas.",
        "Leave `clone` out of the job; the proven set itself is kept.",
    ),
    "array.other-identity": Explanation(
        "Another array answers at this address than the one that was registered.",
        "Find out what changed. If it is meant to be so, `quiesce array remove NAME` and add it again.",
    ),
    # ------------------------------------------------------------------ window
    "window.expired": Explanation(
        "Not every array had answered when the commit budget ran out. A late success is a failure.",
        "See the timeline for the slow array; `quiesce array test NAME` measures it.",
    ),
    "window.prepare-expired": Explanation(
        "The set was not prepared in time: the host's writers or an array took too long.",
        "See `quiesce host test NAME` and `quiesce array test NAME` for what is slow, then run again.",
    ),
    "window.thaw-unconfirmed": Explanation(
        "The host did not confirm the thaw within its deadline.",
        "The host thaws by itself at its dead-man deadline. Check it with `quiesce host test NAME`, then "
        "run `quiesce recover`.",
    ),
    "run.interrupted": Explanation(
        "The run was stopped from outside. Everything it made was removed.",
        "Start it again.",
    ),
    # ------------------------------------------------------------------ proof (R1)
    "proof.facts-impossible": Explanation(
        "A recorded time, duration or budget cannot be: not a number, negative, running backwards, or wider "
        "than the product allows.",
        "Check whether a clock was set during the run, then run again. In a record: do not use the set.",
    ),
    "proof.writer-not-frozen": Explanation(
        "R1(a): a selected writer had not reported frozen before the first cut was asked for.",
        "See the writer's state with `quiesce host test NAME`, then run again.",
    ),
    "proof.cut-not-acknowledged": Explanation(
        "R1(b): a cut had not been acknowledged by its own answer before release was sent.",
        "See the timeline for the slow array, then run again.",
    ),
    "proof.hold-not-ours": Explanation(
        "R1(c): the hold on writes ended by something other than our release.",
        "Look for the host's own time-out in its event log; shorten the window.",
    ),
    "proof.window-over-budget": Explanation(
        "R1(c): the hold or the freeze lasted longer than its budget, on the host's clock or on ours.",
        "See the timeline for what took long, then run again at a quieter time.",
    ),
    "proof.clocks-disagree": Explanation(
        "R1(c): wall clock and monotonic clock disagree about the length of the window: a machine was "
        "paused or its clock was set.",
        "Keep the orchestrator and the host from being suspended during runs; check time synchronisation.",
    ),
    "proof.set-not-finished": Explanation(
        "R1(d): the host did not report the whole set finished.",
        "Read the set's status code (`quiesce errors`), then run again.",
    ),
    "proof.writer-lost": Explanation(
        "R1(e): a selected writer was absent after the thaw, failed, restarted, or belongs to another "
        "session.",
        "Check the service that owns the writer, then run again.",
    ),
    "proof.members-differ": Explanation(
        "R1(f): an array does not list exactly the planned members, whole, by their immutable ids.",
        "Check who edits our consistency groups on this array, then run again.",
    ),
    "proof.cut-time-contradicts": Explanation(
        "R1(f): a cut's time on the array lies outside the frozen interval.",
        "Check the array's clock against ours: `quiesce array test NAME`.",
    ),
    "proof.cut-time-inconclusive": Explanation(
        "R1(f): the array's clock is too coarse to say whether the cut lies inside the frozen interval. "
        "Nothing contradicts it; the order of the answers still proves it.",
        "Nothing to do. A finer clock or better time synchronisation would sharpen the record.",
    ),
    "proof.map-changed": Explanation(
        "R1(g): the map from files to array volumes was not the same after the thaw, or is not what was cut.",
        "Do not move databases or LUNs during a run, then run again.",
    ),
    # ------------------------------------------------------------------ run
    "run.in-doubt": Explanation(
        "The end of a run is not known yet.",
        "Run `quiesce recover`; until then nothing of this run counts as a copy.",
    ),
    "run.died": Explanation(
        "The process of a run ended before the run did. Recovery thawed the host and removed what it made.",
        "Find out why the process ended (out of memory, power, kill), then run the job again.",
    ),
    "run.journal-unreadable": Explanation(
        "A journal cannot be read.",
        "Restore the state folder from its backup, or move the damaged file aside after checking the "
        "arrays for objects of its run.",
    ),
    # ------------------------------------------------------------------ evidence
    "evidence.malformed": Explanation(
        "The file is not a record as Quiesce writes it, byte for byte.",
        "Get the file again from where it was kept. A record is never edited.",
    ),
    "evidence.bad-signature": Explanation(
        "The signature does not fit the record.",
        "The record was altered or damaged. Do not use the set.",
    ),
    "evidence.wrong-key": Explanation(
        "The record is signed by another key than the one given.",
        "Use the public key of the installation that made the record.",
    ),
    "evidence.chain-broken": Explanation(
        "A record of the chain is missing, was moved, or does not follow from the one before.",
        "Get the whole chain again; if a record is gone, the later ones prove nothing of it.",
    ),
    "evidence.head-differs": Explanation(
        "The last record is not the head that was kept elsewhere: the tail was cut off.",
        "Find the missing records, or treat the chain as incomplete.",
    ),
    "evidence.claim-not-supported": Explanation(
        "The recorded times and facts do not support what the record claims: R1 fails when applied again.",
        "Do not use the set.",
    ),
    "evidence.wrong-subject": Explanation(
        "The record speaks of another replica.",
        "Use the record that was written for this set.",
    ),
    "evidence.unknown-type": Explanation(
        "The record is of a type that this version does not know.",
        "Use the version of Quiesce that made the record, or a newer one.",
    ),
    "evidence.folder-busy": Explanation(
        "Another process has held the lock of an evidence or key folder for too long.",
        "Find the process that hangs (`fuser` on the .lock file in the folder) and end it.",
    ),
    # ------------------------------------------------------------------ lab
    "lab.child-ended": Explanation(
        "An emulated part of the lab could not be started.",
        "Start it by hand with `quiesce lab …` to see why.",
    ),
    # ------------------------------------------------------------------ ourselves
    "internal.fault": Explanation(
        "Something happened that Quiesce did not foresee.",
        "Report it with the message; run `quiesce recover` to be sure that nothing was left behind.",
    ),
}
