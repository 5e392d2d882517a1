"""Codes of logs, checkpoints and flush maps, and of the verdict on a database with its logs."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "ese.log-header-bad": Explanation(
        "The header of a log has a wrong checksum, or the file is too short to have one.",
        "Check the same log on the source. If it is good there, the copy is damaged: check array and "
        "cabling and make a new set.",
    ),
    "ese.log-size-wrong": Explanation(
        "A log is shorter or longer than its own header says.",
        "Check the same log on the source; a copy that was cut off is made anew.",
    ),
    "ese.log-sectors-wrong": Explanation(
        "The header of a log names sectors that no log of its version has.",
        "Check the same log on the source. It may be of an engine that is not known here.",
    ),
    "ese.not-a-log": Explanation(
        "A file is named like a log, but its header says that it is something else.",
        "Find out who renamed it on the source; move it out of the folder of the logs.",
    ),
    "ese.log-version-unknown": Explanation(
        "A log is of a version whose records cannot be checked here.",
        "Use a newer version of Quiesce, or the engine's own ESEUTIL /ML.",
    ),
    "ese.log-segment-bad": Explanation(
        "Parts of a log are not what was written: no checksum fits.",
        "Check the same log on the source. If it is good there, check array and cabling and make a "
        "new set; if not, make a full backup of the source at once.",
    ),
    "ese.log-segment-misplaced": Explanation(
        "A part of a log is whole, but of another log or another place: an old write came back, or "
        "one was lost.",
        "Check the same log on the source. If it is good there, check array and cabling and make a "
        "new set; if not, make a full backup of the source at once.",
    ),
    "ese.log-wrong-bit": Explanation(
        "One single bit in a log is wrong, and its checksum tells which.",
        "The engine mends it, but the storage returned what nobody wrote: check the same log on the "
        "source, and the array.",
    ),
    "ese.log-torn-end": Explanation(
        "The last write to a log was cut off; the engine keeps a second copy of it for this case.",
        "Nothing. The second copy is whole.",
    ),
    "ese.log-record-bad": Explanation(
        "A record of a log, or what it covers, is not what was written.",
        "Check the same log on the source. If it is good there, check array and cabling and make a "
        "new set; if not, make a full backup of the source at once.",
    ),
    "ese.log-ends-early": Explanation(
        "A log that was full when it got its number ends before its end: the copy holds an older "
        "state of it.",
        "Check the same log on the source. If it is good there, the array lost a write: check it, and"
        " make a new set.",
    ),
    "ese.log-generation-mismatch": Explanation(
        "The number in the name of a log is not the one in its header: somebody renamed it.",
        "Rename it back on the source, or find the log that should be there.",
    ),
    "ese.log-signature-mismatch": Explanation(
        "A log belongs to another stream: another storage group, or an earlier life of this one.",
        "Move the logs of other streams out of the folder on the source, then make a new set.",
    ),
    "ese.log-twice": Explanation(
        "Two files have the number of the same log.",
        "Find out which of the two the server uses, and move the other out of the folder.",
    ),
    "ese.log-gap": Explanation(
        "Logs in the middle of a stream are missing.",
        "See which of the databases needs them. Look for them on the source and in older backups; if "
        "they are gone, make a full backup of the source.",
    ),
    "ese.log-sequence-broken": Explanation(
        "A log was made after another one than the one before it in the folder.",
        "Look for logs that were restored or copied into the folder, and make a full backup of the source.",
    ),
    "ese.log-chain-broken": Explanation(
        "A log does not hold what it held when the next one was begun: it was changed, or an older "
        "state of it came back.",
        "Check the same log on the source. If it is good there, check the array and make a new set.",
    ),
    "ese.log-version-step": Explanation(
        "A log is of an older format than the one before it.",
        "Nothing, if the server was set back to an older version on purpose. Else find out who wrote it.",
    ),
    "ese.no-logs": Explanation(
        "No log of a stream was found.",
        "Nothing, if the database was shut down. Else look whether the volume with the logs was copied too.",
    ),
    "ese.current-log-missing": Explanation(
        "There is no log without a number: the one that was being written.",
        "Nothing, if no database needs it: it is missing for a moment each time a log is full.",
    ),
    "ese.current-log-not-next": Explanation(
        "The log that was being written does not follow the one with the highest number.",
        "Look for the logs in between on the source. If they are there, the copy is not of one "
        "moment: make a new set.",
    ),
    "ese.circular-logging": Explanation(
        "Circular logging deletes logs as soon as they are not needed to recover.",
        "Nothing for this copy. For roll-forward, and for backups that truncate logs, switch it off "
        "on the source.",
    ),
    "ese.checkpoint-bad": Explanation(
        "A copy of the checkpoint, or both, is not what was written.",
        "Nothing. Without it, the engine replays all logs that are there, which takes longer.",
    ),
    "ese.not-a-checkpoint": Explanation(
        "A file is named like a checkpoint, but its header says that it is something else.",
        "Nothing. Without it, the engine replays all logs that are there, which takes longer.",
    ),
    "ese.checkpoint-missing": Explanation(
        "There is no checkpoint file with the logs.",
        "Nothing. Without it, the engine replays all logs that are there, which takes longer.",
    ),
    "ese.checkpoint-signature-mismatch": Explanation(
        "The checkpoint belongs to another stream than the logs.",
        "Move it away before the copy is mounted; the engine then replays all logs that are there.",
    ),
    "ese.checkpoint-outside-logs": Explanation(
        "The checkpoint points to a log that is not among those here.",
        "See whether a database needs that log. If none does, move the checkpoint away before the "
        "copy is mounted.",
    ),
    "ese.checkpoint-beyond-required": Explanation(
        "The checkpoint is younger than the database: it points behind the first log that the "
        "database needs.",
        "Move it away before the copy is mounted; the engine then replays all logs that are there.",
    ),
    "ese.flush-map-bad": Explanation(
        "The flush map, or a part of it, is not what was written.",
        "Nothing. The engine builds it anew.",
    ),
    "ese.flush-map-foreign": Explanation(
        "The flush map belongs to another database, or to another time of this one.",
        "Nothing. The engine builds it anew.",
    ),
    "ese.header-unusable": Explanation(
        "Neither of the two headers of a database is good.",
        "Check the source in the same way now. If it is good there, check array and cabling and make "
        "a new set; if not, restore an older proven set.",
    ),
    "ese.state-refused": Explanation(
        "The database is in a state that the engine does not mount: a reseed, a conversion or a "
        "revert was going on.",
        "Let that come to its end on the source, then make a new set.",
    ),
    "ese.clean-but-needs-logs": Explanation(
        "The header of a database contradicts itself: shut down, and yet in need of logs.",
        "Check the source in the same way now; if it says the same there, restore an older proven set.",
    ),
    "ese.dirty-without-logs": Explanation(
        "The database was in use without logging: a copy of it can never be recovered.",
        "Shut the database down on the source before it is copied, or switch logging on.",
    ),
    "ese.required-range-wrong": Explanation(
        "The header of a database asks for logs that make no sense.",
        "Check the source in the same way now; if it says the same there, restore an older proven set.",
    ),
    "ese.file-not-whole": Explanation(
        "The file of a database is cut off, or damaged as a whole.",
        "Check the source in the same way now. If it is good there, make a new set; if not, restore "
        "an older proven set.",
    ),
    "ese.pages-bad": Explanation(
        "Pages of a database are not what was written.",
        "Check the source's copy of this database now. If the same pages are bad there, restore an "
        "older proven set; if not, check array and cabling and make a new set.",
    ),
    "ese.pages-correctable": Explanation(
        "Pages of a database have a single wrong bit each, and their checksums tell which.",
        "The engine mends them, but the storage returned what nobody wrote: check the same pages on "
        "the source, and the array.",
    ),
    "ese.trees-broken": Explanation(
        "The pages are what was written, but what was written does not hold together: a lost write, "
        "or a fault of the server.",
        "Check the source in the same way now. If it is sound there, the array lost a write; if not, "
        "restore an older proven set.",
    ),
    "ese.streaming-missing": Explanation(
        "The database has a streaming file (.stm), and that is not in the copy.",
        "Add the volume with the .stm to the job, then make a new set.",
    ),
    "ese.streaming-unusable": Explanation(
        "Neither of the two headers of a streaming file is good.",
        "Check the source in the same way now. If it is good there, make a new set; if not, restore "
        "an older proven set.",
    ),
    "ese.streaming-mismatch": Explanation(
        "The streaming file belongs to another database, or to another time of this one.",
        "Look whether both were copied in the same set; make a new one.",
    ),
    "ese.streaming-cut-off": Explanation(
        "A streaming file ends in the middle of a page.",
        "Check its size on the source; make a new set.",
    ),
    "ese.database-signature-mismatch": Explanation(
        "The logs belong to another stream than the database.",
        "Look whether the volume of the logs is the clone of the right storage group, and of the same set.",
    ),
    "ese.database-newer-than-logs": Explanation(
        "Database and logs were copied at different moments, the logs first: that is what a break-off"
        " of mirrors gives.",
        "Do not mount it. Make a new set, in which all volumes are cut inside one freeze.",
    ),
    "ese.clean-database-newer-than-logs": Explanation(
        "A database that was shut down was copied later than the logs beside it.",
        "The database can be mounted without them. Do not keep these logs with it.",
    ),
    "ese.logs-of-another-time": Explanation(
        "A log has the number that a database needs, and was created at another time: restored, or of"
        " another copy.",
        "Do not mount it. Look whether database and logs are of the same set; make a new one.",
    ),
    "ese.required-log-missing": Explanation(
        "A log is missing that the database cannot be recovered without.",
        "Look for it on the source and in the other clones of this set: was the volume with the logs "
        "copied too? If it is nowhere, make a new set.",
    ),
    "ese.required-log-bad": Explanation(
        "A log that the database cannot be recovered without is damaged, or is another one.",
        "Check the same log on the source. If it is good there, check array and cabling and make a "
        "new set; if not, make a full backup of the source at once.",
    ),
    "ese.committed-log-missing": Explanation(
        "A log is missing that holds acknowledged transactions; the database can be recovered, but "
        "loses them.",
        "Look for it on the source and in the other clones of this set. Mount the copy only if there "
        "is no better one.",
    ),
    "ese.committed-log-bad": Explanation(
        "A log with acknowledged transactions is damaged, or is another one.",
        "Check the same log on the source. Mount the copy only if there is no better one.",
    ),
    "ese.later-log-missing": Explanation(
        "Behind the logs that the database knows of, one is missing, and younger ones are there.",
        "Look for it on the source. Without it, replay stops before the end.",
    ),
    "ese.later-log-bad": Explanation(
        "Behind the logs that the database knows of, one is damaged, or is another one.",
        "Check the same log on the source. Move it and all younger ones away to mount the copy without them.",
    ),
    "ese.older-log-missing": Explanation(
        "A log is missing that is older than those the database needs.",
        "Nothing for this copy, while its checkpoint is there; without a checkpoint, move the logs "
        "before the gap away first. Older copies cannot be rolled forward over the gap.",
    ),
    "ese.older-log-bad": Explanation(
        "A log is damaged, or is another one, that is older than those the database needs.",
        "Nothing to mount this copy. But check the same log on the source: the storage may be at fault.",
    ),
    "ese.log-correctable": Explanation(
        "A log that the database needs has a single wrong bit.",
        "The engine mends it, but the storage returned what nobody wrote: check the same log on the "
        "source, and the array.",
    ),
    "ese.log-not-checked": Explanation(
        "Logs that the database needs are of a version that cannot be checked here.",
        "Use a newer version of Quiesce, or the engine's own ESEUTIL /ML.",
    ),
}
