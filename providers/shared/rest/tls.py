"""TLS contexts. Verification has no off switch."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

from orchestrator.errors import BadInput


async def verifying_context(ca_file: Path | None, *, subject: str) -> ssl.SSLContext:
    """Return a context that trusts the CA file only, or the system's CAs when there is none.

    Raises:
        BadInput: the CA file cannot be read or holds no certificate.
    """
    try:
        # In a thread: loading certificates reads the disk.
        return await asyncio.to_thread(ssl.create_default_context, cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        what = f"the CA file {ca_file} cannot be used: {error.strerror or type(error).__name__}"
        raise BadInput("input.bad-settings", what, subject=subject) from error
