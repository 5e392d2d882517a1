"""Status codes of COM calls."""

from __future__ import annotations

from typing import Final

E_NOTIMPL: Final = 0x80004001
E_NOINTERFACE: Final = 0x80004002
E_POINTER: Final = 0x80004003
E_INVALIDARG: Final = 0x80070057
FAILURE_BIT: Final = 0x80000000


class ComError(Exception):
    """A COM call failed.

    Args:
        hresult: unsigned, as in the headers.
        call: which one, "IVssAsync.Cancel" say.
    """

    def __init__(self, hresult: int, call: str) -> None:
        super().__init__(f"{call} answered {hresult & 0xFFFFFFFF:#010x}")
        self.hresult = hresult & 0xFFFFFFFF
        self.call = call


def check(hresult: int, call: str) -> int:
    """Return a status that is no failure; S_FALSE and VSS's own successes are for the caller to tell apart.

    Raises:
        ComError: the call failed.
    """
    if hresult & FAILURE_BIT:
        raise ComError(hresult, call)
    return hresult & 0xFFFFFFFF
