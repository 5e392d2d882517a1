"""Which machine this is, by what stays the same for as long as it is installed. Blocking."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import socket
from pathlib import Path
from typing import Final

from orchestrator.errors import HostError
from orchestrator.model.hosts import HostIdentity

MACHINE_ID: Final = "etc/machine-id"
PRODUCT_UUID: Final = "sys/class/dmi/id/product_uuid"
# Says whose identity it is; fixed for ever, or every registered host would be another one.
APPLICATION_ID: Final = bytes.fromhex("5d0c1f3be7a64c4d9b1e2a7f60c8d935")
HEX: Final = re.compile(r"[0-9a-f]{32}")


def identity_of_this_machine(root: Path = Path("/")) -> HostIdentity:
    """Return who this machine is.

    The machine-id is confidential: what is shown is a keyed hash of it, as machine-id(5) asks for. Where
    there is none, the mainboard's UUID has to do.

    Args:
        root: where /etc and /sys are.

    Raises:
        HostError: `host.no-identity`.
    """
    for place in (MACHINE_ID, PRODUCT_UUID):
        number = _number(root / place)
        if number:
            hashed = hmac.new(number, APPLICATION_ID, hashlib.sha256).hexdigest()
            return HostIdentity(f"linux-{hashed[:32]}", socket.gethostname(), _product(), emulated=False)
    what = f"neither /{MACHINE_ID} nor /{PRODUCT_UUID} says which machine it is"
    raise HostError("host.no-identity", what, subject=socket.gethostname())


def _product() -> str:
    system = os.uname()
    return f"{system.sysname} {system.release}"


def _number(place: Path) -> bytes:
    """Return 16 bytes; none where the file is missing, unset, or says what all of a maker's boards say."""
    try:
        text = place.read_text(encoding="ascii").strip().replace("-", "").lower()
    except (OSError, ValueError):
        return b""
    if not HEX.fullmatch(text) or len(set(text)) == 1:
        return b""
    return bytes.fromhex(text)
