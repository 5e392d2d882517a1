"""Which host volume lies on which array volume, made from what `quiesce lab array` announces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from orchestrator.errors import BadInput
from orchestrator.hosts.emulated_exchange.emulator.options import LabVolume, VolumeRole

DATABASE_LETTERS: Final = "DEFGHIJK"
LOG_LETTERS: Final = "LMNOPQRSTUVWXYZ"
FEWEST_DATABASES: Final = 2


class Place(NamedTuple):
    """Names of the array volumes that a database and its logs lie on."""

    database: str
    log: str


class _Volume(BaseModel):
    name: str
    lun_id: str
    path: Path


class _Array(BaseModel):
    lock: Path
    volumes: tuple[_Volume, ...]


class _Found(NamedTuple):
    volume: _Volume
    lock: Path


def lay_out(arrays: Sequence[Mapping[str, Any]], places: Mapping[str, Place]) -> tuple[LabVolume, ...]:
    """Return the host volumes of a server on these arrays.

    Without places, array volumes with "log" in their names take the logs and all others the databases, in
    turn; there are as many databases as the longer list has, and two at least.

    Raises:
        BadInput: an announcement is not understood, or an array volume is missing or not unique by name.
    """
    found = _find(arrays)
    places = places or _default_places(list(found))
    for place in places.values():
        for name in place:
            if name not in found:
                raise _bad(
                    f"no array announced an array volume of this name; there are {', '.join(found)}", name
                )
    return (
        *_volumes(VolumeRole.DATABASE, {name: place.database for name, place in places.items()}, found),
        *_volumes(VolumeRole.LOG, {name: place.log for name, place in places.items()}, found),
    )


def _find(arrays: Sequence[Mapping[str, Any]]) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for announced in arrays:
        try:
            array = _Array.model_validate(announced)
        except ValidationError as error:
            raise _bad(
                f"not what `quiesce lab array --json` prints: {error.error_count()} faults", "array"
            ) from None
        for volume in array.volumes:
            if volume.name in found:
                raise _bad("more than one array announced an array volume of this name", volume.name)
            found[volume.name] = _Found(volume, array.lock)
    return found


def _default_places(names: Sequence[str]) -> dict[str, Place]:
    logs = [name for name in names if "log" in name.lower()]
    databases = [name for name in names if name not in logs]
    if not logs or not databases:
        raise _bad("no array volume with, or none without, 'log' in its name", ", ".join(names) or "arrays")
    return {
        f"DB{index + 1:02d}": Place(databases[index % len(databases)], logs[index % len(logs)])
        for index in range(max(FEWEST_DATABASES, len(databases), len(logs)))
    }


def _volumes(role: VolumeRole, homes: Mapping[str, str], found: Mapping[str, _Found]) -> list[LabVolume]:
    mount_points = _mount_points(role)
    return [
        LabVolume(
            mount_point=next(mount_points),
            role=role,
            lun_id=found[home].volume.lun_id,
            databases=tuple(name for name, its_home in homes.items() if its_home == home),
            path=found[home].volume.path,
            lock=found[home].lock,
        )
        for home in dict.fromkeys(homes.values())
    ]


def _mount_points(role: VolumeRole) -> chain[str]:
    letters = DATABASE_LETTERS if role is VolumeRole.DATABASE else LOG_LETTERS
    folders = (f"C:\\ExchangeVolumes\\{role}{number:03d}\\" for number in count(len(letters) + 1))
    return chain((f"{letter}:\\" for letter in letters), folders)


def _bad(what: str, subject: str) -> BadInput:
    return BadInput("input.bad-settings", what, subject=subject)
