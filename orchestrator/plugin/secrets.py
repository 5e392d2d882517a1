"""A secret value that no repr, format or pickle gives away."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Holds a secret; only `reveal()` gives it out. Never log, store or compare what it returns."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the secret itself, for the one request that needs it."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled")
