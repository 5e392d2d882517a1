"""What `make e2e` fails with."""

from __future__ import annotations


class NotAsPromised(Exception):
    """Something did not happen, or happened otherwise than this run is there to show."""
