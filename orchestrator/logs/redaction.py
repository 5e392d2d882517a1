"""Takes secrets out of whatever is about to be printed: by value where we know it, by its looks otherwise."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from orchestrator.plugin import Secret

_REDACTED: Final = "[redacted]"
_DEPTH: Final = 8

_WORDS: Final = (
    r"(?:token|secret|passw(?:or)?d|passphrase|credential|authorization|cookie|api[-_ ]?key|private[-_ ]?key)"
)
_SECRET_KEY: Final = re.compile(_WORDS, re.IGNORECASE)
_LOOKS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # https://user:password@array
        (r"(://)[^/\s@]+@", rf"\1{_REDACTED}@"),
        # Authorization: Bearer …
        (r"\b(bearer|basic)\s+[\w+/=.~-]{4,}", rf"\1 {_REDACTED}"),
        # Cookie: a=…; b=…, a header line whose value goes on to the end
        (r"\b((?:authorization|cookie):\s*)[^\r\n'\"]+", rf"\1{_REDACTED}"),
        # api_token=…, "x-auth-token": "…", ('password', '…'), b'secret': b'…'
        (
            rf"({_WORDS}[\w-]{{0,40}})(\\*[\"']\s*[:=,]\s*b?|\s*[:=]\s*b?)"
            r"(\\*\"[^\"]*\"|\\*'[^']*'|[^\s\"',;&)}\]]+)",
            rf"\1\2{_REDACTED}",
        ),
    )
)

_known: dict[str, re.Pattern[str]] = {}


def never_print(secret: Secret) -> None:
    """Keep a secret, plain, quoted or encoded, out of all that is printed from now on."""
    value = secret.reveal()
    if value:
        encoded = base64.b64encode(value.encode()).decode()
        for form in (value, quote(value, safe=""), json.dumps(value)[1:-1], encoded):
            _known[form] = _however_escaped(form)


def _however_escaped(text: str) -> re.Pattern[str]:
    """Match a text also inside a repr inside a JSON text inside a repr, where quotes collect backslashes."""
    return re.compile("".join(rf"\\*{char}" if char in "'\"" else re.escape(char) for char in text))


def redact_known(text: str) -> str:
    """Return a text without the secrets that `never_print` was told of."""
    for form in sorted(_known, key=len, reverse=True):
        text = _known[form].sub(_REDACTED, text)
    return text


def redact(text: str) -> str:
    """Return a text without known secrets and without whatever looks like one."""
    text = redact_known(text)
    for pattern, replacement in _LOOKS:
        text = pattern.sub(replacement, text)
    return text


def redact_value(value: Any, depth: int = 0) -> Any:
    """Return anything as data that may be printed: texts, numbers, lists and mappings of them.

    What stands under a key that speaks of a secret is left out whole; every other object, and whatever lies
    too deep (a structure may hold itself), becomes its redacted repr.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case Secret():
            return _REDACTED
        case Mapping() if depth < _DEPTH:
            return {redact(str(key)): _under(key, item, depth) for key, item in value.items()}
        case (key, item) if depth < _DEPTH and isinstance(value, tuple):  # of a list of headers, say
            return [redact_value(key, depth + 1), _under(key, item, depth)]
        case list() | tuple() | set() | frozenset() if depth < _DEPTH:
            return [redact_value(item, depth + 1) for item in value]
        case _:
            return redact(repr(value))


def _under(key: object, value: Any, depth: int) -> Any:
    return _REDACTED if _SECRET_KEY.search(str(key)) else redact_value(value, depth + 1)
