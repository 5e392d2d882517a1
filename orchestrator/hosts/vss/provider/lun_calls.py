"""What VSS asks a hardware provider about LUNs. Whoever knows the arrays answers through `LunPort`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from orchestrator.hosts.vss.provider.lun_identities import (
    BegunLuns,
    DeviceLun,
    VdsLun,
    lun_bytes,
    read_begun_luns,
    read_device_lun,
    read_luns,
    read_supported_luns,
)
from orchestrator.hosts.vss.provider.pipe_protocol import S_OK, VETO, Method, Request, supported

LUN_METHODS = frozenset(
    {
        Method.ARE_LUNS_SUPPORTED,
        Method.BEGIN_LUNS,
        Method.GET_TARGET_LUNS,
        Method.LOCATE_LUNS,
        Method.FILL_IN_LUN_INFO,
        Method.ON_LUN_EMPTY,
    }
)


class LunPort(Protocol):
    """Answers for the arrays. Never called while a hold lasts; each call has some seconds."""

    def supports(self, context: int, luns: Sequence[DeviceLun]) -> bool:
        """Tell whether every LUN is on an array that can cut it now; a passing lack of space is a no."""

    def begin(self, set_id: UUID, begun: BegunLuns) -> bool:
        """Take a host volume into a set; start what has to be ready when EndPrepareSnapshots comes."""

    def targets(self, set_id: UUID, sources: Sequence[DeviceLun]) -> Sequence[VdsLun] | None:
        """Return the identities of the copies, one for each source in its order; None: there are not all."""

    def locate(self, luns: Sequence[VdsLun]) -> bool:
        """Present copies to this host. No rescan: VSS does it."""

    def fill_in(self, one: DeviceLun) -> VdsLun | None:
        """Return the identity of a LUN as `targets` gave it, None when it is not ours."""

    def empty(self, one: DeviceLun) -> None:
        """Take note that nothing of the LUN is used any more: it may be deleted."""


def answer_lun_call(port: LunPort | None, request: Request) -> tuple[int, bytes]:
    """Return the HRESULT and the fields of the answer; without a port nothing is supported.

    Raises:
        BadMessage: the arguments are none.
    """
    match request.method:
        case Method.ARE_LUNS_SUPPORTED:
            context, asked = read_supported_luns(request.payload)
            return S_OK, supported(port is not None and port.supports(context, asked))
        case Method.BEGIN_LUNS:
            begun = read_begun_luns(request.payload)
            return _yes(port is not None and port.begin(request.set_id, begun))
        case Method.GET_TARGET_LUNS:
            sources = read_luns(request.payload, devices=True)
            targets = port.targets(request.set_id, sources) if port else None
            if targets is None or len(targets) != len(sources):
                return VETO, b""
            return S_OK, b"".join(lun_bytes(target) for target in targets)
        case Method.LOCATE_LUNS:
            luns = [one.lun for one in read_luns(request.payload, devices=False)]
            return _yes(port is not None and port.locate(luns))
        case Method.FILL_IN_LUN_INFO:
            one = read_device_lun(request.payload)
            known = port.fill_in(one) if port else None
            return S_OK, supported(known is not None) + lun_bytes(known or one.lun)
        case _:
            if port:
                port.empty(read_device_lun(request.payload))
            return S_OK, b""


def _yes(answer: bool) -> tuple[int, bytes]:
    return (S_OK if answer else VETO), b""
