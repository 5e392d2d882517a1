"""The hold that a spec names."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from orchestrator.hosts.watchdog.hold import Hold, HoldFailed, HoldSpec


def make_hold(spec: HoldSpec) -> Hold:
    """Import the class and make one.

    Raises:
        HoldFailed: there is no such hold, or these are not its arguments.
    """
    module, _, name = spec.reference.partition(":")
    try:
        hold = getattr(importlib.import_module(module), name)(**spec.arguments)
    except (ImportError, AttributeError, TypeError, KeyError, ValueError) as error:
        raise HoldFailed("internal.fault", f"{type(error).__name__}: {error}", spec.reference) from None
    if not isinstance(hold, Hold):
        raise HoldFailed("internal.fault", "this is no hold", spec.reference)
    return hold


def spec_to_json(spec: HoldSpec) -> Mapping[str, Any]:
    """Return a spec as JSON can carry it."""
    return {"reference": spec.reference, "arguments": dict(spec.arguments)}


def spec_from_json(said: Mapping[str, Any]) -> HoldSpec:
    """Read a spec."""
    return HoldSpec(str(said["reference"]), dict(said["arguments"]))
