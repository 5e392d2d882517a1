"""`quiesce set`: list, show, present, withdraw, cancel, delete, adopt."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.adoption import adopt_set
from orchestrator.service.cancellation import cancel_run
from orchestrator.service.presentation import present_set, withdraw_set
from orchestrator.service.sets import delete_set
from orchestrator.service.shown_clones import PresentedClone


@click.group("set")
def sets() -> None:
    """List, show, present, withdraw, cancel, delete or adopt sets."""


@sets.command("list")
@answers("quiesce.set-list/1")
def list_sets() -> Answer:
    """List every set on record, newest last."""
    found = sorted(open_installation().sets.list(), key=lambda each: each.made_at)
    return Answer(
        {"sets": [_data(each) for each in found]}, "\n".join(_line(each) for each in found) or "none"
    )


@sets.command()
@click.argument("set_id", metavar="ID")
@answers("quiesce.set/1")
def show(set_id: str) -> Answer:
    """Show one set: its replicas, its clones, its evidence."""
    found = open_installation().sets.get(set_id)
    lines = [_line(found)]
    lines += [f"  replica {each['replica_name']} on {each['array']}" for each in found.replicas]
    lines += [f"  clone {each['volume_name']} ({each['lun_id']}) on {each['array']}" for each in found.clones]
    lines += [f"  evidence {found.evidence_path}"] if found.evidence_path else []
    if found.expires_at is not None:
        until = found.expires_at.astimezone().isoformat(sep=" ", timespec="seconds")
        lines.append(f"  in quarantine, deleted after {until}")
    lines += [f"  note: {found.note}"] if found.note else []
    return Answer(_data(found), "\n".join(lines))


@sets.command()
@click.argument("set_id", metavar="ID")
@answers("quiesce.set-presented/1")
def present(set_id: str) -> Answer:
    """Show a set's clones to this machine, read-only, once its proof has been checked."""
    shown = present_set(open_installation(), set_id)
    clones = [{"array": each.array_name, "name": each.volume_name, **asdict(each.seen)} for each in shown]
    return Answer({"set": set_id, "clones": clones}, "\n".join(_presented_line(each) for each in shown))


@sets.command()
@click.argument("set_id", metavar="ID")
@answers("quiesce.set-withdrawn/1")
def withdraw(set_id: str) -> Answer:
    """Take a set's clones away from this machine again. Unmount them first."""
    withdraw_set(open_installation(), set_id)
    return Answer({"withdrawn": set_id}, f"withdrawn: the clones of {set_id}")


@sets.command()
@click.argument("set_id", metavar="ID")
@answers("quiesce.set-deletion/1")
def delete(set_id: str) -> Answer:
    """Delete a set's replicas and clones on its arrays. Its evidence stays."""
    undone = delete_set(open_installation(), set_id)
    removed = [str(remains) for remains in undone.removed]
    void = [str(remains) for remains in undone.void_pending]
    text = [f"removed: {each}" for each in removed] + [f"void-pending: {each}" for each in void]
    return Answer(
        {"removed": removed, "void_pending": void}, "\n".join(text) or f"nothing of {set_id} was left"
    )


@sets.command()
@click.argument("name", metavar="ID|JOB")
@answers("quiesce.set-cancel/1")
def cancel(name: str) -> Answer:
    """Stop the run that makes a set, or a job's. A set that is proven by then stays."""
    asked = cancel_run(open_installation(), name)
    return Answer({"cancelling": asked}, f"asked to stop: {asked}; `quiesce set list` tells how it ended")


@sets.command()
@click.argument("copy", metavar="ID")
@click.option("--array", "array_name", required=True, help="Where the copy lies, as registered.")
@click.option("--evidence", type=click.Path(path_type=Path), help="The signed proof of the copy.")
@click.option("--key", type=click.Path(path_type=Path), help="Public key to check it with; ours by default.")
@answers("quiesce.set/1")
def adopt(copy: str, array_name: str, evidence: Path | None, key: Path | None) -> Answer:
    """Put a copy on record as a set. Refused without valid evidence of that very copy."""
    adopted = adopt_set(open_installation(), copy, array_name, evidence, key)
    return Answer(_data(adopted), f"adopted: {_line(adopted)}")


def _presented_line(each: PresentedClone) -> str:
    where = f"{each.seen.device} ({each.seen.file})" if each.seen.device else each.seen.file
    return f"presented: {each.volume_name} on {each.array_name} at {where}"


def _data(each: RecordedSet) -> dict[str, Any]:
    expires_at = None if each.expires_at is None else each.expires_at.isoformat()
    return {**asdict(each), "made_at": each.made_at.isoformat(), "expires_at": expires_at}


def _line(each: RecordedSet) -> str:
    made_at = each.made_at.astimezone().isoformat(sep=" ", timespec="seconds")
    grade = each.grade or "no copy"
    mark = " (emulated)" if each.emulated else ""
    contents = each.verification["verdict"] if each.verification else "contents unchecked"
    return f"{each.set_id}  {made_at}  {each.job}  {each.status}  {grade}  {contents}{mark}"
