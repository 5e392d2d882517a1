"""Secrets by reference: where a secret stands, never what it is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from orchestrator.config.small_file import read_small_file, reason_of
from orchestrator.errors import BadInput
from orchestrator.plugin import Secret

_ENVIRONMENT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLANNED: Final = ("keyring", "exec")
_LIMIT_BYTES: Final = 64 * 1024
_OTHERS: Final = 0o077  # group and world; the rule of ssh for private keys


class SecretPlace(StrEnum):
    """What kind of place a secret stands in."""

    ENV = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SecretReference:
    """`env:NAME` or `file:PATH`; the text form is what the database keeps."""

    place: SecretPlace
    target: str

    @classmethod
    def parse(cls, text: str) -> SecretReference:
        """Read a reference. Text that is none may be the secret itself, so no error repeats it.

        A relative path is made absolute: it must mean the same file tomorrow, from another folder.
        """
        place, colon, target = text.partition(":")
        if colon and place in _PLANNED:
            raise BadInput("input.not-built", f"Secrets by `{place}:` are not part of this version.")
        if place == SecretPlace.ENV and _ENVIRONMENT_NAME.fullmatch(target):
            return cls(SecretPlace.ENV, target)
        if place == SecretPlace.FILE and target and target.isprintable():
            return cls(SecretPlace.FILE, str(Path(target).absolute()))
        raise BadInput("input.bad-secret-reference", "This is not a reference to a secret.")

    def __str__(self) -> str:
        return f"{self.place}:{self.target}"

    def resolve(self) -> Secret:
        """Fetch the secret, without its trailing line end.

        Raises:
            BadInput: it is missing, empty, not text, or in a file that others may read.
        """
        content = self._from_environment() if self.place is SecretPlace.ENV else self._from_file()
        try:
            value = content.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise self._unreadable("The secret is not UTF-8 text.") from None
        if not value:
            raise self._unreadable("The secret is empty.")
        return Secret(value)

    def _from_environment(self) -> bytes:
        try:
            return os.environb[self.target.encode()]
        except KeyError:
            raise self._unreadable("The environment variable is not set.") from None

    def _from_file(self) -> bytes:
        try:
            content, mode = read_small_file(Path(self.target), _LIMIT_BYTES)
        except (OSError, ValueError) as error:
            raise self._unreadable(f"The file cannot be read: {reason_of(error)}.") from None
        if mode & _OTHERS:
            raise self._unreadable("Others may read this file.", remedy=f"chmod 600 {self.target}")
        return content

    def _unreadable(self, what: str, remedy: str | None = None) -> BadInput:
        return BadInput("input.secret-unreadable", what, subject=str(self), remedy=remedy)
