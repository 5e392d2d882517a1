"""What arrays and hosts may be called."""

from __future__ import annotations

import re
from typing import Final

NAME_RULE: Final = (
    "use 1 to 40 letters, digits, dots, hyphens and underscores, starting with a letter or digit"
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def registered_name(name: str) -> str:
    """Return a name that may be registered.

    Raises:
        ValueError: with the rule.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(NAME_RULE)
    return name
