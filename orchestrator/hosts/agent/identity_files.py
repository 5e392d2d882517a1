"""Private keys and certificates on disk. Runs on Windows too: nothing here is of POSIX alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from orchestrator.errors import BadInput
from orchestrator.hosts.agent.identity_certificates import UNREADABLE

T = TypeVar("T")
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_LIMIT_BYTES: Final = 65_536


def make_private_folder(path: Path) -> None:
    """Make a folder that is its owner's alone.

    On Windows the mode says nothing; there the folder has the rights of the one that it lies in.

    Raises:
        BadInput: `agent.key-unusable`.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(path, f"the folder cannot be made: {error.strerror}") from None


def write_private(path: Path, data: bytes) -> None:
    """Write a file (0600) so that it is either whole and on disk, or not there under its name.

    Raises:
        BadInput: `agent.key-unusable`.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.unlink(missing_ok=True)
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise unusable(path, f"it cannot be written: {error.strerror}") from None


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a private key, as `write_private` does."""
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def read_key(path: Path) -> PrivateKey:
    """Return a private key that nobody else can have read.

    Raises:
        BadInput: `agent.key-unusable`; others may use it, it is a link, or it is no key.
    """
    key = _read(path, lambda data: load_pem_private_key(data, password=None), "private key", private=True)
    if not isinstance(key, PrivateKey):
        raise unusable(path, "not an EC or RSA key")
    return key


def read_certificate(path: Path) -> x509.Certificate:
    """Return the first certificate of a PEM file.

    Raises:
        BadInput: `agent.key-unusable`.
    """
    return _read(path, x509.load_pem_x509_certificate, "certificate", private=False)


def unusable(path: Path, what: str) -> BadInput:
    """Return the error for a key or certificate that cannot be used."""
    return BadInput("agent.key-unusable", what, subject=str(path))


def _read(path: Path, parse: Callable[[bytes], T], noun: str, *, private: bool) -> T:
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    # A link could lead to what somebody else may change; a pipe would let us wait for ever.
    flags |= getattr(os, "O_NONBLOCK", 0) | (getattr(os, "O_NOFOLLOW", 0) if private else 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if private and os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                raise unusable(path, "others than its owner may use it")
            return parse(file.read(_LIMIT_BYTES))
    except (OSError, *UNREADABLE):
        # Without the cause: its text could quote the file.
        raise unusable(path, f"not a readable {noun} in PEM form") from None
