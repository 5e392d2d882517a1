"""Requests as handlers see them, and refusals as callers see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Item = dict[str, Any]


class Refusal(Exception):
    """The array says no. `context` names the object, `message` is what callers match on."""

    def __init__(self, message: str, context: str = "", *, status: int = 400) -> None:
        super().__init__(f"{context}: {message}" if context else message)
        self.message = message
        self.context = context
        self.status = status

    def body(self) -> dict[str, Any]:
        """Return the JSON body. The gateway before the array words 403 and 429 its own way."""
        if self.status in (403, 429):
            return {"message": self.message}
        return {"errors": [{"context": self.context, "message": self.message}]}


@dataclass(frozen=True, slots=True)
class Call:
    """One request whose parameters and body fields are known to be allowed.

    Attributes:
        query: parameters, decoded.
        body: fields; empty without a body.
        faults: those inside that strike this call.
    """

    query: Mapping[str, str]
    body: Mapping[str, Any]
    faults: frozenset[str] = frozenset()

    def listed(self, key: str) -> list[str]:
        """Return a comma-separated parameter; empty when it was left out."""
        values = self.query[key].split(",") if key in self.query else []
        if len(set(values)) < len(values):
            raise Refusal(f"The same value is given twice for {key}.", self.query[key])
        return values

    def required(self, key: str) -> list[str]:
        """Return a comma-separated parameter that must be there."""
        if key not in self.query:
            raise Refusal(f"Missing required parameter: {key}.")
        return self.listed(key)

    def flag(self, key: str) -> bool | None:
        """Return a yes-or-no parameter; None when it was left out."""
        match self.query.get(key):
            case None:
                return None
            case "true":
                return True
            case "false":
                return False
            case other:
                raise Refusal(f"Invalid value for {key}.", other)

    def number(self, key: str) -> int | None:
        """Return a parameter that counts from 0; None when it was left out."""
        text = self.query.get(key)
        if text is not None and not text.isdecimal():
            raise Refusal(f"Invalid value for {key}.", text)
        return None if text is None else int(text)
