"""The software fallback on XFS and btrfs: LUN files cut by reflink. Start reading at `provider.py`."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.plugin import Provider, hookimpl
from providers.software_reflink.provider import ReflinkProvider


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    """Offer the store of LUN files."""
    register(ReflinkProvider)
