"""What lies on an array of the stage that a run of ours has made, by the array's own files and nodes."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from orchestrator.lab.real.arrays import DaemonLuns
from orchestrator.lab.real.stage import FILE_SYSTEMS, Stage

NOT_ABOUT_RUNS = {"store.json", ".quiesce-store.json", "clones"}


def objects_of_ours(stage: Stage) -> list[str]:
    """Return the files and nodes that are left of runs.

    A storage daemon cannot merge the layer that a host writes to: of the newest cut that was given up, that
    layer stays in use under each LUN, with a note that it is void.
    """
    if not isinstance(stage.array, DaemonLuns):
        return _names_in(Path(urlsplit(stage.array.url).path) / ".quiesce")
    daemon = stage.array.daemon
    active = [daemon.newest(name) for name in FILE_SYSTEMS]
    files = {each.file.name for each in active}
    notes = {f"{name.split('.')[0]}.void" for name in files}
    left = set(_names_in(Path(stage.array.settings["folder"]))) - files - notes
    left |= set(_names_in(Path(stage.array.settings["folder"]) / "clones"))
    nodes = {each["node-name"] for each in daemon.ask("query-named-block-nodes", {"flat": True})}
    left |= {name for name in nodes if name.startswith("q")} - {each.node_name for each in active}
    return sorted(left | {each["id"] for each in daemon.ask("query-jobs")})


def _names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*") if path.name not in NOT_ABOUT_RUNS]
