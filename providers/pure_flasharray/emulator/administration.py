"""/arrays, /controllers, /admins and their API tokens."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from providers.pure_flasharray.emulator.array import CAPACITY_BYTES, DAY_MS, FlashArray
from providers.pure_flasharray.emulator.objects import Admin
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

PURITY_VERSION: Final = "6.4.10"  # a release that serves REST 2.26
ROLES: Final = ("array_admin", "storage_admin", "ops_admin", "readonly")
IDLE_TIMEOUTS_MS: Final = (0, *range(300_000, 10_800_001, 60_000))
ARRAY_FIELDS: Final = (
    "id name _as_of banner capacity console_lock_enabled eradication_config idle_timeout ntp_servers os "
    "parity scsi_timeout space time_zone version"
)
ADMIN_FIELDS: Final = "name api_token is_local locked lockout_remaining public_key role"


def get_arrays(array: FlashArray, call: Call) -> list[Item]:
    """List the one array. `_as_of` is its clock."""
    used_bytes = sum(volume.provisioned for volume in array.volumes)
    if "full" in call.faults:
        used_bytes = CAPACITY_BYTES
    ratcheted = any(pg.ratcheted for pg in array.protection_groups)
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
                "manual_eradication": "all-disabled"
                if array.safe_mode
                else "partially-disabled"
                if ratcheted
                else "all-enabled",
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
    """Rename the array, set the idle time of sessions, or its eradication settings."""
    body = call.body
    config: dict[str, Any] = body.get("eradication_config", {})
    delay_ms = config.get("eradication_delay", array.eradication_delay_ms)
    status = config.get("manual_eradication")
    if delay_ms % DAY_MS or delay_ms <= 0:
        raise Refusal("Invalid value for eradication_delay.", str(delay_ms))
    if status not in (None, "all-enabled", "all-disabled"):
        raise Refusal("Invalid value for manual_eradication.", status)
    if status == "all-enabled" and array.safe_mode:
        raise Refusal("Operation is not permitted: contact the vendor's support.", array.name)
    if body.get("idle_timeout", 0) not in IDLE_TIMEOUTS_MS:
        raise Refusal("Invalid value for idle_timeout.", str(body["idle_timeout"]))
    array.name = body.get("name", array.name)
    array.idle_timeout_ms = body.get("idle_timeout", array.idle_timeout_ms)
    array.eradication_delay_ms = delay_ms
    array.safe_mode = array.safe_mode or status == "all-disabled"
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


def get_admins(array: FlashArray, call: Call) -> list[Item]:
    """List accounts with their roles."""
    return [_render(admin, call) for admin in array.admins.shown(call)]


def post_admins(array: FlashArray, call: Call) -> list[Item]:
    """Create an account."""
    role = call.body.get("role", {}).get("name", "readonly")
    if role not in ROLES:
        raise Refusal("Role does not exist.", role)
    names = call.required("names")
    for name in names:
        array.admins.check_free(name)
    made = [Admin(name=name, role=role) for name in names]
    for admin in made:
        array.admins.add(admin)
    return [_render(admin, call) for admin in made]


def delete_admins(array: FlashArray, call: Call) -> None:
    """Delete accounts."""
    for admin in array.admins.chosen(call):
        array.admins.remove(admin)


def get_api_tokens(array: FlashArray, call: Call) -> list[Item]:
    """List the API tokens of accounts."""
    return [
        {"name": admin.name, "api_token": _token(admin, call)}
        for admin in array.admins.shown(call)
        if admin.api_token
    ]


def post_api_tokens(array: FlashArray, call: Call) -> list[Item]:
    """Give accounts an API token. This one answer shows it."""
    admins = array.admins.chosen(call)
    for admin in admins:
        if admin.api_token:
            raise Refusal("API token already exists.", admin.name)
    for admin in admins:
        give_api_token(array, admin, call.number("timeout"))
    return [{"name": admin.name, "api_token": _token(admin, call, exposed=True)} for admin in admins]


def give_api_token(array: FlashArray, admin: Admin, life_ms: int | None = None) -> str:
    """Give an account an API token that lasts so long, or for ever."""
    admin.api_token = str(uuid4())
    admin.token_created_ms = array.clock.now_ms()
    admin.token_expires_ms = None if life_ms is None else admin.token_created_ms + life_ms
    return admin.api_token


def delete_api_tokens(array: FlashArray, call: Call) -> None:
    """Revoke the API tokens of accounts."""
    for admin in array.admins.chosen(call):
        admin.api_token = ""


def _render(admin: Admin, call: Call) -> Item:
    return {
        "name": admin.name,
        "api_token": _token(admin, call) if admin.api_token else {},
        "is_local": True,
        "locked": False,
        "lockout_remaining": None,
        "public_key": None,
        "role": {"name": admin.role},
    }


def _token(admin: Admin, call: Call, *, exposed: bool = False) -> dict[str, Any]:
    exposed = exposed or call.flag("expose_api_token") is True
    return {
        "created_at": admin.token_created_ms,
        "expires_at": admin.token_expires_ms,
        "token": admin.api_token if exposed else "****",
    }
