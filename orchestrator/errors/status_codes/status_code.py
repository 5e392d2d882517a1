"""What is told of one status code."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.errors.retry_class import RetryClass


class StatusCode(NamedTuple):
    """A status code's name, why it appears, what to do next, and whether to try again."""

    name: str
    cause: str
    remedy: str
    retry_class: RetryClass
