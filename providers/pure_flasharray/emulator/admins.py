"""/admins and their API tokens."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.objects import Admin
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

ROLES: Final = ("array_admin", "storage_admin", "ops_admin", "readonly")
FIELDS: Final = "name api_token is_local locked lockout_remaining public_key role"


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
