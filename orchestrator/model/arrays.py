"""The array's side: array volumes, what an array can do, cuts and the replicas they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from orchestrator.model.grades import Grade
from orchestrator.model.names import ObjectNames


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider claims of its arrays. The conformance kit measures each claim.

    Attributes:
        max_volumes_per_cut: how many array volumes one cut can hold.
        clock_precision_s: the grain of cut times.
        request_life_s: the longest time after which the array may still execute a request it got.
        atomic_cut: all members of one cut share one instant.
        clones: the provider can make an array volume from a replica (`Cloner`).
        presents: the provider can show a clone to this machine (`Presenter`).
        ceiling: the best grade that a set with such an array can reach.
    """

    max_volumes_per_cut: int
    clock_precision_s: float
    request_life_s: float
    atomic_cut: bool
    clones: bool = False
    presents: bool = False
    ceiling: Grade = Grade.WRITER_VERIFIED


@dataclass(frozen=True, slots=True)
class ArrayIdentity:
    """Which array answered. `array_id` never changes, `name` may."""

    array_id: str
    name: str
    product: str
    version: str
    emulated: bool


@dataclass(frozen=True, slots=True)
class ArrayVolume:
    """What the array calls a volume. `ours` when it was made by any installation of Quiesce."""

    volume_id: str
    name: str
    lun_id: str
    size_bytes: int
    ours: bool = False


@dataclass(frozen=True, slots=True)
class ArmedCut:
    """Everything a cut needs, ready on the array, so that `commit` is one request.

    Attributes:
        names: the attempt it belongs to.
        volumes: the planned members.
        handle: the provider's own notes; opaque to everybody else, no secrets.
    """

    names: ObjectNames
    volumes: tuple[ArrayVolume, ...]
    handle: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """The array's own answer to the cut request."""

    cut_id: str
    cut_name: str


@dataclass(frozen=True, slots=True)
class CutMember:
    """One replica as the array lists it after the thaw.

    Attributes:
        source_volume_id: immutable id of the array volume it was cut from.
        replica_id: immutable id of the replica.
        replica_name: its name.
        lun_id: the replica's own LUN identity, empty where it has none before being cloned.
        cut_at: the array's wall clock at the cut, UTC.
        partial: the array marks it incomplete.
    """

    source_volume_id: str
    replica_id: str
    replica_name: str
    cut_at: datetime
    lun_id: str = ""
    partial: bool = False


class ObjectKind(StrEnum):
    """What an object of ours on an array is."""

    CONSISTENCY_GROUP = "consistency-group"
    CUT = "cut"
    CLONE = "clone"


class ObjectState(StrEnum):
    """Whether an object of ours is there, or void: gone for every purpose, but not yet erased."""

    LIVE = "live"
    VOID_PENDING = "void-pending"


@dataclass(frozen=True, slots=True)
class OwnedObject:
    """An object on the array whose name carries our prefix."""

    kind: ObjectKind
    object_id: str
    name: str
    state: ObjectState = ObjectState.LIVE


@dataclass(frozen=True, slots=True)
class Clone:
    """An array volume made from a replica."""

    replica_id: str
    volume: ArrayVolume


@dataclass(frozen=True, slots=True)
class CutForecast:
    """How long a cut is expected to take, by what the provider knows of the array volumes.

    Attributes:
        cut_s: from asking for the cut to its answer, in seconds.
        basis: what that rests on ("4,100 extents at 60 µs each").
    """

    cut_s: float
    basis: str


@dataclass(frozen=True, slots=True)
class Presentation:
    """A clone as this machine sees it.

    Attributes:
        volume_id: of the clone.
        file: a path at which its bytes can be read.
        device: a read-only block device with the same bytes; empty where there is none.
    """

    volume_id: str
    file: str
    device: str = ""
