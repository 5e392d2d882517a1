"""Sessions: from an API token at login to idle, expired or logged out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.objects import Admin
from providers.pure_flasharray.emulator.wire import Refusal


@dataclass(slots=True)
class _Session:
    admin: Admin
    used_at_s: float


class Sessions:
    """The open sessions of one array."""

    def __init__(self, array: FlashArray) -> None:
        self._array = array
        self._open: dict[str, _Session] = {}

    def log_in(self, api_token: str | None) -> tuple[str, Admin]:
        """Open a session and return its token and its account."""
        now_ms = self._array.clock.now_ms()
        for admin in self._array.admins:
            if admin.api_token and api_token == admin.api_token:
                if admin.token_expires_ms is not None and admin.token_expires_ms <= now_ms:
                    raise Refusal("API token has expired.", admin.name, status=401)
                token = secrets.token_urlsafe(24)
                self._open[token] = _Session(admin, self._array.clock.monotonic_s())
                return token, admin
        raise Refusal("Invalid API token.", status=401)

    def drop(self, token: str | None) -> None:
        """Forget a session, if there is one."""
        self._open.pop(token or "", None)

    def account(self, token: str | None) -> Admin:
        """Return whose session it is, and count it as used; an idle one is gone."""
        session = self._open.get(token or "")
        now_s = self._array.clock.monotonic_s()
        if session is None or self._is_over(session, now_s):
            self.drop(token)
            raise Refusal("Unauthorized.", status=401)
        session.used_at_s = now_s
        return session.admin

    def _is_over(self, session: _Session, now_s: float) -> bool:
        limit_s = self._array.idle_timeout_ms / 1000
        return (0 < limit_s < now_s - session.used_at_s) or session.admin not in self._array.admins


def may(role: str, method: str, resource: str) -> bool:
    """Tell whether an account of this role may make such a request."""
    if method == "GET" or role == "array_admin":
        return True
    return role == "storage_admin" and resource.partition("/")[0] not in ("admins", "arrays")
