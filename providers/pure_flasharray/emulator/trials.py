"""The answer to a dry run."""

from __future__ import annotations

from collections.abc import Callable

from providers.pure_flasharray.emulator.objects import Kept
from providers.pure_flasharray.emulator.wire import Item, Refusal


def report(resource: Kept, attempt: Callable[[], None]) -> Item:
    """Return one item: whether the attempt would have been refused, and in which words."""
    try:
        attempt()
    except Refusal as refusal:
        details = refusal.message
    else:
        details = ""
    return {
        "component_name": "CT0",
        "description": "Tests whether a snapshot can be taken.",
        "enabled": True,
        "resource": resource.reference,
        "result_details": details,
        "success": not details,
        "test_type": "snapshot",
    }
