"""The one way a value is spelled as JSON, and reading that accepts no other spelling."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import is_dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from orchestrator.errors import EvidenceError

MAX_BYTES: Final = 4 * 1024 * 1024  # a set of 64 host volumes needs about 120 KB


def canonical(value: object) -> bytes:
    """Return a value as JSON: keys sorted, no spaces, ASCII only, times RFC 3339 in UTC.

    Raises:
        EvidenceError: a number is not finite, a time has no offset, or the value is nested without end.
    """
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plainer)
    except (ValueError, RecursionError) as error:
        raise malformed(f"a value has no canonical form: {error}") from error
    return text.encode("ascii")


def as_plain(value: object) -> Any:
    """Return a value as JSON's own types, spelled as a record would spell it.

    Raises:
        EvidenceError: as `canonical`.
    """
    return json.loads(canonical(value))


def read_canonical(data: bytes, what: str) -> dict[str, Any]:
    """Return the object that these bytes spell, if they are its canonical form.

    Spaces, other escapes, repeated or unsorted keys and numbers that are not finite all fail here.

    Raises:
        EvidenceError: `evidence.malformed`.
    """
    if len(data) > MAX_BYTES:
        raise malformed(f"the {what} is larger than {MAX_BYTES} bytes")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise malformed(f"the {what} is not JSON") from error
    if not isinstance(value, dict) or canonical(value) != data:
        raise malformed(f"the {what} is not spelled as Quiesce spells it")
    return value


def sha256_hex(data: bytes) -> str:
    """Return the sha256 of some bytes, in hex."""
    return sha256(data).hexdigest()


def malformed(what: str) -> EvidenceError:
    """Return the error for bytes that Quiesce did not write."""
    return EvidenceError("evidence.malformed", what)


@contextmanager
def about(name: str) -> Iterator[None]:
    """Make errors of the block name the file that they are about."""
    try:
        yield
    except EvidenceError as error:
        raise EvidenceError(error.code, error.what, subject=name) from error


def _plainer(value: object) -> str | dict[str, object]:
    """Take one step from what JSON does not know to what it does: `asdict` would copy all the way down."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    raise ValueError(f"{value!r}")
