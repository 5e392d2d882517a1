"""The table of interfaces, read: which slot of which virtual table is which method."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from orchestrator.hosts.vss.com.table import TABLE

POINTER_BYTES: Final = 8
_HEAD: Final = re.compile(r"(\w+) : (-|\w+)( \+ IUnknown)?(?: \{([0-9a-f-]{36})\})?")
_METHOD: Final = re.compile(r"(\w+)\(([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its place in the virtual table, and the codes of its arguments after `this`."""

    name: str
    slot: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface with all that it inherits.

    Attributes:
        name: as in the headers.
        base: what it extends; empty for IUnknown and for plain C++ classes.
        iid: None for a C++ class, which nobody can ask for.
        methods: by name, inherited ones included.
        unknown_at: bytes from the object's pointer to that of its IUnknown. It is 8 for
            IVssWriterComponentsExt, whose first base class is none of COM's: its slot 2 is no Release.
    """

    name: str
    base: str
    iid: UUID | None
    methods: Mapping[str, Method]
    unknown_at: int = 0


def _read(table: str) -> dict[str, Interface]:
    found: dict[str, Interface] = {}
    for block in re.split(r"\n(?=\w)", table.strip()):
        head, _, body = block.partition("\n")
        match = _HEAD.fullmatch(head)
        assert match is not None, head  # noqa: S101 - the table is ours, and every test reads it
        name, base, second, iid = match.groups()
        methods = dict(found[base].methods) if base != "-" else {}
        for method, codes in _METHOD.findall(body):
            methods[method] = Method(method, len(methods), tuple(codes.split(",")) if codes else ())
        unknown_at = POINTER_BYTES if second else 0
        extended = "" if base == "-" else base
        found[name] = Interface(name, extended, UUID(iid) if iid else None, methods, unknown_at)
    return found


INTERFACES: Final[Mapping[str, Interface]] = _read(TABLE)
