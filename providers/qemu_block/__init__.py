"""qemu-storage-daemon. Start at `provider`; `README.md` says what is needed, and what proves what."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.plugin import Provider, hookimpl
from providers.qemu_block.provider import QemuBlockProvider


@hookimpl
def register_providers(register: Callable[[type[Provider]], None]) -> None:
    """Offer the storage daemon."""
    register(QemuBlockProvider)
