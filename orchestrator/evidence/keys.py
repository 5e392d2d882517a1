"""Signing keys (Ed25519): the installation's own, and the lab's for what an emulator made (R5)."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from orchestrator.errors import BadInput
from orchestrator.evidence.canonical import sha256_hex
from orchestrator.evidence.durable import locked, write_durably

EVIDENCE_KEY: Final = "evidence"
LAB_KEY: Final = "lab"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What records are checked with.

    Attributes:
        name: the file's name without its ending: "evidence", "lab", or what its keeper called it.
    """

    name: str
    _key: Ed25519PublicKey = field(repr=False)

    @classmethod
    def from_file(cls, path: Path) -> PublicKey:
        """Read a PEM file (SubjectPublicKeyInfo).

        Raises:
            BadInput: `input.key-unusable`.
        """
        try:
            key = load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            raise _unusable(path, "not a readable public key in PEM form") from error
        if not isinstance(key, Ed25519PublicKey):
            raise _unusable(path, "not an Ed25519 key")
        return cls(path.stem, key)

    @property
    def key_id(self) -> str:
        """The sha256 of the key's DER form (SubjectPublicKeyInfo), in hex."""
        return sha256_hex(self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    @property
    def pem(self) -> bytes:
        """The key as it stands in a file."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def fits(self, signature: bytes, message: bytes) -> bool:
        """Tell whether this key's private half signed the message."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What records are signed with. The private half never leaves it."""

    name: str
    _key: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The half to give away."""
        return PublicKey(self.name, self._key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return the signature (64 bytes)."""
        return self._key.sign(message)


def signing_key(folder: Path, *, emulated: bool) -> SigningKey:
    """Return the key for a run's records: the lab's as soon as an emulator takes part in any role."""
    return load_or_make(folder, LAB_KEY if emulated else EVIDENCE_KEY)


def load_or_make(folder: Path, name: str) -> SigningKey:
    """Return the key of this name; at first use it is made, with NAME.pub beside it.

    Raises:
        BadInput: `input.key-unusable` when others may read it, it is damaged, or NAME.pub is another key's.
    """
    path = folder / f"{name}.key"
    with locked(folder):
        if not path.exists():
            write_durably(
                path,
                Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            )
        key = SigningKey(name, _load_private(path))
        beside = path.with_suffix(".pub")
        if not beside.exists():
            write_durably(beside, key.public.pem)
        elif beside.read_bytes() != key.public.pem:
            raise _unusable(path, f"{beside.name} beside it belongs to another key")
    return key


def _load_private(path: Path) -> Ed25519PrivateKey:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
                raise _unusable(path, "others than its owner may use it")
            key = load_pem_private_key(file.read(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause: its text could quote the file.
        raise _unusable(path, "not a readable private key in PEM form") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path, "not an Ed25519 key")
    return key


def _unusable(path: Path, what: str) -> BadInput:
    return BadInput("input.key-unusable", what, subject=str(path))
