"""/arrays and /controllers."""

from __future__ import annotations

from typing import Final

from providers.pure_flasharray.emulator.array import CAPACITY_BYTES, DAY_MS, FlashArray
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

PURITY_VERSION: Final = "6.4.10"  # a release that serves REST 2.26
IDLE_TIMEOUTS_MS: Final = (0, *range(300_000, 10_800_001, 60_000))
ARRAY_FIELDS: Final = (
    "id name _as_of banner capacity console_lock_enabled eradication_config idle_timeout ntp_servers os "
    "parity scsi_timeout space time_zone version"
)
CONTROLLER_FIELDS: Final = "name mode model status type version"


def get_arrays(array: FlashArray, call: Call) -> list[Item]:
    """List the one array. `_as_of` is its clock."""
    used_bytes = sum(volume.provisioned for volume in array.volumes)
    if "full" in call.faults:
        used_bytes = CAPACITY_BYTES
    return [
        {
            "id": array.array_id,
            "name": array.name,
            "_as_of": array.clock.now_ms(),
            "banner": "",
            "capacity": CAPACITY_BYTES,
            "console_lock_enabled": False,
            "eradication_config": {
                "disabled_delay": array.eradication_delay_ms,
                "enabled_delay": array.eradication_delay_ms,
                "eradication_delay": array.eradication_delay_ms,
                "manual_eradication": _manual_eradication(array),
            },
            "idle_timeout": array.idle_timeout_ms,
            "ntp_servers": [],
            "os": "Purity//FA",
            "parity": 1.0,
            "scsi_timeout": 60_000,
            "space": {
                "total_provisioned": used_bytes,
                "total_physical": used_bytes,
                "total_used": used_bytes,
            },
            "time_zone": "UTC",
            "version": PURITY_VERSION,
        }
    ]


def patch_arrays(array: FlashArray, call: Call) -> list[Item]:
    """Rename the array, set the idle time of sessions, or how long the destroyed can be recovered."""
    body = call.body
    config = body.get("eradication_config", {})
    delay_ms = config.get("eradication_delay", array.eradication_delay_ms)
    if delay_ms % DAY_MS or delay_ms <= 0:
        raise Refusal("Invalid value for eradication_delay.", str(delay_ms))
    if body.get("idle_timeout", 0) not in IDLE_TIMEOUTS_MS:
        raise Refusal("Invalid value for idle_timeout.", str(body["idle_timeout"]))
    array.name = body.get("name", array.name)
    array.idle_timeout_ms = body.get("idle_timeout", array.idle_timeout_ms)
    array.eradication_delay_ms = delay_ms
    return get_arrays(array, call)


def get_controllers(_array: FlashArray, call: Call) -> list[Item]:
    """List both controllers."""
    items: list[Item] = [
        {
            "name": name,
            "mode": mode,
            "model": "FA-X70R4",
            "status": "ready",
            "type": "array_controller",
            "version": PURITY_VERSION,
        }
        for name, mode in (("CT0", "primary"), ("CT1", "secondary"))
    ]
    names = call.listed("names")
    for name in names:
        if name not in ("CT0", "CT1"):
            raise Refusal("Controller does not exist.", name)
    return [item for item in items if not names or item["name"] in names]


def _manual_eradication(array: FlashArray) -> str:
    if array.safe_mode:
        return "all-disabled"
    ratcheted = any(pg.ratcheted for pg in array.protection_groups)
    return "partially-disabled" if ratcheted else "all-enabled"
