"""A network of this thread's own, whose only wire can be cut: no packet comes through, and nobody is told."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from orchestrator.lab.real.file_systems import run

CLONE_NEWNET: Final = 0x40000000  # linux/sched.h


@contextmanager
def own_network() -> Iterator[None]:
    """Go on in a network namespace of our own, with every child that is started in the block."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        assert libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            _connect()
            yield
        finally:
            assert libc.setns(before, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(before)


@contextmanager
def gone() -> Iterator[None]:
    """Let no packet through for the length of the block."""
    run("ip", "link", "set", "lo", "down")
    try:
        yield
    finally:
        _connect()


def _connect() -> None:
    run("ip", "link", "set", "lo", "up")
