"""Codes of the host side."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
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
        "Wait for the other run to end, then run again. If none is running, `quiesce recover` frees the host "
        "from what a dead run left behind.",
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
    "host.survey-failed": Explanation(
        "What the host consists of could not be read.",
        "Run as root on a Linux machine with /proc and /sys mounted.",
    ),
    "host.agent-incapable": Explanation(
        "The guest's agent lacks a command that a freeze needs, or the guest's admin has switched it off.",
        "Install a newer qemu-guest-agent, or take the commands named out of its list of blocked ones "
        "(`block-rpcs` in qemu-ga.conf), then restart it.",
    ),
    "host.already-frozen": Explanation(
        "A file system, or the guest, is frozen already: by somebody else, or since its agent ended while it "
        "was frozen. A freeze that is not ours is left as it is.",
        "Find out who froze it. If nobody is at work, `quiesce recover`, or thaw it by hand: "
        "`fsfreeze --unfreeze MOUNTPOINT`; for a guest `virsh domfsthaw`, or `guest-fsfreeze-thaw` to its "
        "agent.",
    ),
    "host.guest-paused": Explanation(
        "The guest's clock and ours went apart between freeze and thaw: it was paused, or its clock was set.",
        "Keep migrations, snapshots and suspends of this virtual machine out of the run's time; run again.",
    ),
    "host.vss-backup-type": Explanation(
        "The agent of a Windows guest might ask its VSS writers for a full backup, which truncates logs.",
        "Set the registry value VssOption of the agent's VSS provider to 5 (copy backup), and let the agent "
        "run guest-exec, so that the value can be checked before each freeze.",
    ),
    "host.freeze-failed": Explanation(
        "A freeze could not be carried out, or was given up before everything was held. It was undone.",
        "Read the reason given. A file system that is slow to write out what is dirty is helped by a `sync` "
        "shortly before the run.",
    ),
    "host.still-frozen": Explanation(
        "It could not be proven that everything was thawed.",
        "Do what the reason asks for, then `quiesce recover`. By hand: `fsfreeze --unfreeze MOUNTPOINT`. A "
        "file system that was unmounted while frozen stays frozen: mount it again first.",
    ),
    "host.session-lost": Explanation(
        "The host does not keep the writers' session of this set (any more): it was restarted, it ended the "
        "backup by itself after its time, or somebody else did.",
        "The set itself is not touched by that. The writers were told nothing, so they keep their logs; the "
        "next run tells them again.",
    ),
    "host.watchdog-lost": Explanation(
        "The process that holds a freeze for us, and ends it whatever happens, has died or did not start.",
        "What it held was thawed in its place. If it was not killed on purpose, look for an out-of-memory "
        "report in the kernel's log. Run again.",
    ),
    "host.not-mounted": Explanation(
        "A file system is no longer mounted where the survey found it.",
        "Mount it again, or take it out of the job; then run again.",
    ),
    "host.not-freezable": Explanation(
        "A file system cannot be frozen, or must not be, because this machine or we could not go on.",
        "Take it out of the job, or move what stands in the way to another file system.",
    ),
    "host.not-permitted": Explanation(
        "The kernel lets only root, with the capability CAP_SYS_ADMIN, freeze file systems, look for new "
        "LUNs and delete the devices of old ones.",
        "Run as root, outside of containers that take that capability away.",
    ),
    "host.lun-not-visible": Explanation(
        "The array has presented a clone, but this machine does not see it. It was withdrawn again.",
        "Check the way from the array to this machine: that the array's host object which `present_to` names "
        "has this machine's initiators, the zoning (FC) or the login (`iscsiadm -m session`), and that no "
        "device of an earlier presentation is left under the same LUN (`lsscsi`).",
    ),
    "host.lun-not-read-only": Explanation(
        "A clone was seen, but its device could not be made read-only. It was withdrawn again.",
        "Run as root. If the reason is another one, look what else holds the device (`lsof`, `lsblk`).",
    ),
    "host.lun-not-gone": Explanation(
        "The device of a clone was deleted and is still there, so the clone stays presented.",
        "Look what brings it back: a multipath device that queues (`multipath -ll`), or a scan at the same "
        "time. Then withdraw it again.",
    ),
    "host.no-identity": Explanation(
        "This machine has nothing by which it could be told from others.",
        "Give it a machine-id: `systemd-machine-id-setup`, or `dbus-uuidgen --ensure=/etc/machine-id`.",
    ),
    "host.other-identity": Explanation(
        "Another host answers at this address than the one that was registered.",
        "Find out what changed. If it is meant to be so, `quiesce host remove NAME` and add it again.",
    ),
    "host.not-windows": Explanation(
        "This machine has no Volume Shadow Copy Service that could be asked.",
        "Run the agent on the 64-bit Windows host itself, with a 64-bit Python. For other machines there are "
        "other kinds of hosts: `quiesce host add --help`.",
    ),
    "host.vss-failed": Explanation(
        "A step of a shadow copy set failed. The reason names it, and what VSS answered.",
        "`quiesce errors 0x...` explains the number. The host's Application log tells more, from "
        "the sources VSS and VolSnap. Every further try is a new set.",
    ),
    "host.vss-denied": Explanation(
        "VSS does not let this account make shadow copies, or COM does not let writers call back.",
        "Run the agent as LocalSystem, or as a member of Administrators or Backup Operators, elevated.",
    ),
    "host.vss-late": Explanation(
        "VSS or a writer did not answer in time. The set was given up, and nothing is held.",
        "Look for a writer that hangs (`vssadmin list writers`) and restart its service. If nothing answers, "
        "restart the service VSS, then run again.",
    ),
    "host.writer-missing": Explanation(
        "A writer that the survey found is not there any more, or its service was restarted meanwhile.",
        "Start its services (Exchange: Information Store and Replication) and look whether `vssadmin list "
        "writers` shows it; then run again.",
    ),
    "host.component-missing": Explanation(
        "The writer no longer offers a database that was selected: it was dismounted, moved or removed.",
        "Mount it, or take it out of the job; then run again.",
    ),
    "host.volume-not-in-set": Explanation(
        "A selected database has files on a host volume that the set would not hold.",
        "Run again: it was moved, or a volume was mounted, between the survey and the set. If it happens "
        "again, `quiesce host show NAME` tells where its files lie.",
    ),
}
