"""What an emulated agent answers: the checks of a request, and the commands, in the words of qemu-ga 7.2."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.hosts.qemu_guest_agent.emulator.guest import EmulatedGuest

VERSION: Final = "7.2.22"
WHILE_FROZEN: Final = frozenset(
    {
        "guest-ping",
        "guest-info",
        "guest-sync",
        "guest-sync-delimited",
        "guest-fsfreeze-status",
        "guest-fsfreeze-thaw",
    }
)
OPTIONAL: Final = frozenset({"mountpoints", "arg", "mode", "count", "capture-output"})
MACHINE_ID_FILE: Final = "/etc/machine-id"
BOOT_ID_FILE: Final = "/proc/sys/kernel/random/boot_id"
HANDLES: Final = {MACHINE_ID_FILE: 1000, BOOT_ID_FILE: 1001}


class CommandFailed(Exception):
    """What the agent answers with an error."""

    def __init__(self, what: str, error_class: str = "GenericError") -> None:
        super().__init__(what)
        self.error_class = error_class


class Commands:
    """One life of an agent.

    Args:
        guest: what it runs in.
        frozen: whether it finds the mark of an earlier life that ended while frozen.
    """

    def __init__(self, guest: EmulatedGuest, *, frozen: bool = False) -> None:
        self.guest = guest
        self.frozen = frozen
        self.thaw_fails = ""
        self.lies: dict[str, Any] = {}
        self._printed: dict[int, tuple[int, str]] = {}
        self._commands: dict[str, tuple[Callable[..., Any], dict[str, type]]] = {
            "guest-ping": (lambda: {}, {}),
            "guest-sync": (lambda id: id, {"id": int}),
            "guest-sync-delimited": (lambda id: id, {"id": int}),
            "guest-info": (self._info, {}),
            "guest-get-time": (guest.wall_ns, {}),
            "guest-get-host-name": (lambda: {"host-name": guest.host_name}, {}),
            "guest-get-osinfo": (self._os_info, {}),
            "guest-get-fsinfo": (self._fs_info, {}),
            "guest-fsfreeze-status": (lambda: "frozen" if self.frozen else "thawed", {}),
            "guest-fsfreeze-freeze": (self._freeze, {}),
            "guest-fsfreeze-freeze-list": (self._freeze, {"mountpoints": list}),
            "guest-fsfreeze-thaw": (self._thaw, {}),
            "guest-exec": (self._exec, {"path": str, "arg": list, "capture-output": bool}),
            "guest-exec-status": (self._exec_status, {"pid": int}),
            "guest-file-open": (self._file_open, {"path": str, "mode": str}),
            "guest-file-read": (self._file_read, {"handle": int, "count": int}),
            "guest-file-close": (lambda handle: {}, {"handle": int}),
        }

    def answer(self, line: bytes) -> tuple[str, bytes]:
        """Execute one line; return the command's name, empty if it has none, and the answer's line."""
        name = ""
        try:
            name, arguments = self._checked(line)
            told = self._commands[name][0](**arguments)
            reply: dict[str, Any] = {"return": self.lies.pop(name, told)}
        except CommandFailed as error:
            reply = {"error": {"class": error.error_class, "desc": str(error)}}
        sentinel = b"\xff" if name == "guest-sync-delimited" and "return" in reply else b""
        return name, sentinel + json.dumps(reply).encode() + b"\n"

    def _checked(self, line: bytes) -> tuple[str, dict[str, Any]]:
        if b"\xff" in line:
            raise CommandFailed("JSON parse error, stray '\ufffd'")
        try:
            request = json.loads(line)
        except ValueError:
            raise CommandFailed("JSON parse error, expecting value") from None
        if not isinstance(request, dict):
            raise CommandFailed("QMP input must be a JSON object")
        for member in request:
            if member not in ("execute", "arguments", "id"):
                raise CommandFailed(f"QMP input member '{member}' is unexpected")
        name = request.get("execute")
        if not isinstance(name, str):
            raise CommandFailed("QMP input member 'execute' must be a string")
        self._check_allowed(name)
        return name, self._arguments(name, request.get("arguments", {}))

    def _check_allowed(self, name: str) -> None:
        if name not in self._commands:
            raise CommandFailed(f"The command {name} has not been found", "CommandNotFound")
        if not self._enabled(name):
            why = ": the agent is in frozen state" if self.frozen else ""
            raise CommandFailed(f"Command {name} has been disabled{why}", "CommandNotFound")

    def _arguments(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        known = self._commands[name][1]
        for key, value in given.items():
            if key not in known:
                raise CommandFailed(f"Parameter '{key}' is unexpected")
            if not isinstance(value, known[key]):
                expected = {list: "array", int: "integer", str: "string", bool: "boolean"}[known[key]]
                raise CommandFailed(f"Invalid parameter type for '{key}', expected: {expected}")
        for key in known:
            if key not in given and key not in OPTIONAL:
                raise CommandFailed(f"Parameter '{key}' is missing")
        return {key.replace("-", "_"): value for key, value in given.items()}

    def _enabled(self, name: str) -> bool:
        return name in WHILE_FROZEN if self.frozen else name not in self.guest.blocked

    def _info(self) -> Any:
        listed = [
            {"name": name, "enabled": self._enabled(name), "success-response": True}
            for name in self._commands
        ]
        return {"version": VERSION, "supported_commands": listed}

    def _os_info(self) -> Any:
        if self.guest.windows:
            system = {"id": "mswindows", "name": "Microsoft Windows", "pretty-name": "Windows Server 2022"}
        else:
            system = {"id": "debian", "name": "Debian GNU/Linux", "pretty-name": "Debian GNU/Linux 12"}
        return {**system, "machine": "x86_64", "variant-id": "quiesce-emulator"}

    def _fs_info(self) -> Any:
        return [
            {
                "name": each.name,
                "mountpoint": mount_point,
                "type": each.kind,
                "disk": list(each.disks),
                "used-bytes": 1 << 20,
                "total-bytes": 1 << 30,
            }
            for each in self.guest.file_systems
            for mount_point in each.mount_points
        ]

    def _freeze(self, mountpoints: list[str] | None = None) -> int:
        if not self.guest.run_hook("freeze"):
            raise CommandFailed("fsfreeze hook has failed with status 3")
        count = self.guest.freeze(mountpoints)
        self.frozen = count > 0
        return count

    def _thaw(self) -> int:
        if self.thaw_fails:
            raise CommandFailed(self.thaw_fails)
        count = self.guest.thaw()
        self.frozen = False
        if not self.guest.run_hook("thaw"):
            raise CommandFailed("fsfreeze hook has failed with status 3")
        return count

    def _exec(self, path: str, arg: list[str] | None = None, capture_output: bool = False) -> Any:
        pid = 1000 + len(self._printed)
        self._printed[pid] = self.guest.run_program(path, arg or [])
        return {"pid": pid}

    def _exec_status(self, pid: int) -> Any:
        status, printed = self._printed[pid]
        return {
            "exited": True,
            "exitcode": status,
            "out-data": base64.b64encode(printed.encode()).decode(),
        }

    def _file_open(self, path: str, mode: str = "r") -> int:
        if path not in HANDLES:
            raise CommandFailed(f"failed to open file '{path}' (mode: '{mode}'): No such file or directory")
        return HANDLES[path]

    def _file_read(self, handle: int, count: int = 4096) -> Any:
        text = self.guest.machine_id if handle == HANDLES[MACHINE_ID_FILE] else self.guest.boot_id
        data = f"{text}\n".encode()[:count]
        return {"count": len(data), "buf-b64": base64.b64encode(data).decode(), "eof": False}
