"""Enrolment tokens: one string that an admin pastes on a host.

`qet1.` and base64url of a JSON line, a line feed, and certificates in PEM form: the hub's address, the
token's id, its secret, and what the hub's certificate is verified with. So the agent knows the hub before
it sends the secret to anybody.
"""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel, ConfigDict, StringConstraints

from orchestrator.config.small_file import read_small_file
from orchestrator.errors import BadInput
from orchestrator.hosts.agent.identity_certificates import UNREADABLE
from orchestrator.plugin import Secret

PREFIX: Final = "qet1."
TOKEN_LIMIT: Final = 8000  # characters; the command line of Windows takes 8,191
CA_LIMIT: Final = 5500  # characters, and the address: with these, a token stays below its own limit
URL_LIMIT: Final = 300
SECRET_BYTES: Final = 32
SALT_BYTES: Final = 16
HUB_PORT: Final = 7443  # where a hub listens unless told otherwise

_CODE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ID: Final = r"[a-z2-7]{10}"


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """What a token says.

    Attributes:
        hub_url: `https://HOST:PORT`.
        token_id: by which admins know it.
        secret: 256 random bits, in base64url.
        ca: PEM certificates that the hub's is verified with.
    """

    hub_url: str
    token_id: str
    secret: Secret = field(repr=False)
    ca: str = field(repr=False)

    def text(self) -> str:
        """Return the string to paste. It is a secret."""
        head = _Head(u=self.hub_url, i=self.token_id, s=self.secret.reveal()).model_dump_json()
        return PREFIX + _encode(f"{head}\n{self.ca}".encode("ascii"))


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    u: Annotated[str, StringConstraints(max_length=URL_LIMIT)]
    i: Annotated[str, StringConstraints(pattern=f"^{_ID}$")]
    s: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


def new_secret() -> Secret:
    """Return 256 random bits."""
    return Secret(_encode(secrets.token_bytes(SECRET_BYTES)))


def salted_hash(secret: Secret, salt: bytes) -> bytes:
    """Return what is stored of a secret. It has 256 bits of chance: no slow hash would make it safer."""
    return sha256(salt + secret.reveal().encode()).digest()


def secret_fits(secret: Secret, salt: bytes, stored: bytes) -> bool:
    """Compare in a time that tells nothing."""
    return compare_digest(salted_hash(secret, salt), stored)


def checked_hub_url(url: str) -> str:
    """Return the address of a hub as it stands in tokens.

    Raises:
        BadInput: `agent.hub-unnamed`.
    """
    try:
        parts = urlsplit(url)
        fits = (
            len(url) <= URL_LIMIT and url.isascii() and url.isprintable() and " " not in url
        )  # the parser drops some of what is not
        fits = fits and parts.scheme == "https" and bool(parts.hostname) and bool(parts.port)
        fits = fits and parts.username is None and parts.path in ("", "/")
        fits = fits and not parts.query and not parts.fragment
    except ValueError:
        fits = False
    if not fits:
        raise BadInput("agent.hub-unnamed", "The hub's address has the form https://HOST:PORT.")
    return url.rstrip("/")


def read_token(text: str) -> EnrolmentToken:
    """Return what a token says. That it is still good, only the hub can tell.

    Raises:
        BadInput: `agent.token-unreadable`, without the text.
    """
    try:
        return _parsed(text.strip())
    except (BadInput, *UNREADABLE):  # a ValidationError is a ValueError
        pass
    raise BadInput("agent.token-unreadable", "This is not a whole enrolment token.")


def read_ca_file(path: Path) -> str:
    """Return the certificates of a company's authority, as they stand in tokens. Nothing else in it is taken.

    Raises:
        BadInput: `agent.key-unusable`.
    """
    try:
        certificates = x509.load_pem_x509_certificates(read_small_file(path, 10 * CA_LIMIT).content)
    except (OSError, *UNREADABLE):
        raise BadInput("agent.key-unusable", "not certificates in PEM form", subject=str(path)) from None
    ca = "".join(each.public_bytes(Encoding.PEM).decode("ascii") for each in certificates)
    if len(ca) > CA_LIMIT:
        what = f"it has {len(ca)} characters, a token has room for {CA_LIMIT}: keep the root alone"
        raise BadInput("agent.key-unusable", what, subject=str(path))
    return ca


def _parsed(text: str) -> EnrolmentToken:
    code = text.removeprefix(PREFIX)
    if len(text) > TOKEN_LIMIT or code == text or not _CODE.fullmatch(code):
        raise ValueError(text[:0])
    head, _, ca = _decode(code).decode("ascii").partition("\n")
    said = _Head.model_validate_json(head)
    # Each certificate is read here, so that a token that was cut short is not tried at all.
    if not x509.load_pem_x509_certificates(ca.encode()) or not ca.endswith("-----END CERTIFICATE-----\n"):
        raise ValueError(text[:0])
    return EnrolmentToken(checked_hub_url(said.u), said.i, Secret(said.s), ca)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(code: str) -> bytes:
    return base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
