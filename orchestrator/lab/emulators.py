"""Finding an emulator by the kind of array it emulates."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from orchestrator.errors import BadInput
from orchestrator.plugin import ArrayEmulator, Provider


def array_emulator(kind: str, providers: Mapping[str, type[Provider]]) -> type[ArrayEmulator]:
    """Load the emulator that a provider names.

    Raises:
        BadInput: no provider of this kind is loaded, or it comes without an emulator.
    """
    if kind not in providers:
        raise BadInput("input.unknown-kind", f"no loaded plugin offers arrays of kind {kind}", subject=kind)
    reference = providers[kind].emulator
    if reference is None:
        raise BadInput("input.unknown-kind", f"arrays of kind {kind} come without an emulator", subject=kind)
    module, _, name = reference.partition(":")
    emulator: type[ArrayEmulator] = getattr(import_module(module), name)
    return emulator
