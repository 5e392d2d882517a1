"""Which kernel is used."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from orchestrator.ese.kernel import Kernel
from orchestrator.ese.kernel_python import PythonKernel

# Numba starts in two seconds and wants 100 MiB more; then it saves 0.1 s a GiB, if the disks are that fast.
NUMBA_FROM_BYTES: Final = 16 << 30


def new_kernel(page_size: int, total_bytes: int) -> Kernel:
    """Return a kernel for one thread: the fastest that is installed and worth its start.

    Args:
        page_size: in bytes.
        total_bytes: how much all threads together are going to check.
    """
    if not _is_there("numpy"):
        return PythonKernel(page_size)
    if total_bytes >= NUMBA_FROM_BYTES and _is_there("numba"):
        from orchestrator.ese.kernel_numba import NumbaKernel

        return NumbaKernel(page_size)
    from orchestrator.ese.kernel_numpy import NumpyKernel

    return NumpyKernel(page_size)


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # somebody has hidden it
        return False
