"""What the objects of an attempt are called: nodes of the daemon, files in the folder. Pure.

An overlay's node is `<stem>.<number>`, its file `<stem>.<number>.<array volume>.qcow2`: from either, and
without any notes, recovery knows the attempt. A clone is `<stem>-<number>`: node, export and file alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from orchestrator.model.names import PRODUCT_PREFIX, ObjectNames

# QEMU 7.2, include/block/block_int-common.h: `char node_name[32]`, the last one being the zero.
NODE_NAME_LIMIT: Final = 31

IMAGE: Final = ".qcow2"
VOID: Final = ".void"
_CUT: Final = ".cut"

_STEM: Final = rf"{PRODUCT_PREFIX}-[a-z0-9]+-[a-z0-9]+-[0-9]+"
_OVERLAY: Final = re.compile(rf"({_STEM})\.([0-9]{{2}})\.(.+)")
_CLONE: Final = re.compile(rf"({_STEM})-[0-9]+")


@dataclass(frozen=True, slots=True)
class OverlayName:
    """The name of an overlay, which is also that of the replica below it.

    Attributes:
        stem: the attempt it belongs to.
        number: of the member, from 1.
        volume_id: of the array volume it was made for.
    """

    stem: str
    number: int
    volume_id: str

    @classmethod
    def parse(cls, name: str) -> OverlayName | None:
        """Take a name apart; None when it is none of ours."""
        match = _OVERLAY.fullmatch(name)
        return None if match is None else cls(match[1], int(match[2]), match[3])

    @property
    def node(self) -> str:
        """Name of the overlay's node in the daemon; at most 31 characters."""
        return f"{self.stem}.{self.number:02}"

    def __str__(self) -> str:
        return f"{self.node}.{self.volume_id}"


def stem_of_overlays(name: str) -> str | None:
    """Return the attempt that a consistency group or a cut belongs to; None when it is none of ours."""
    stem = name.removesuffix(_CUT)
    return stem if re.fullmatch(_STEM, stem) else None


def cut_name(stem: str) -> str:
    """Return what the cut of an attempt is called."""
    return f"{stem}{_CUT}"


def clone_name(names: ObjectNames, number: int) -> str:
    """Return what the n-th clone of an attempt is called."""
    return f"{names.stem}-{number}"


def stem_of_clone(name: str) -> str | None:
    """Return the attempt that a clone belongs to; None when the name is no clone's."""
    match = _CLONE.fullmatch(name)
    return None if match is None else match[1]
