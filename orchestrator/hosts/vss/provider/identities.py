"""By which COM and VSS know our provider; shim/identities.hpp has the same. Drawn once, never to change."""

from __future__ import annotations

from typing import Final
from uuid import UUID

PROVIDER_NAME: Final = "Quiesce VSS Provider"

SOFTWARE_PROVIDER: Final = UUID("08107848-d59a-4666-9cf3-283a87effc20")
SOFTWARE_CLASS: Final = UUID("73bdb9b3-323e-42ea-8922-81cbd67f2304")
HARDWARE_PROVIDER: Final = UUID("2f7cc457-bc8e-4cf4-9d47-8cec43d736ac")
HARDWARE_CLASS: Final = UUID("8a305a7d-8d63-4369-813b-7a9f8d0d531f")
