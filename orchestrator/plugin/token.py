"""The permission to cut (R4)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

_MAKER: Final = "orchestrator.engine.token"


class CutToken(ABC):
    """Permission to cut, for one open freeze window, once per array; dead afterwards.

    Only the engine makes one: a subclass defined anywhere else is refused at its definition, and this
    class cannot be instantiated. A provider hands the token to the shared REST layer with the one
    request that cuts; the layer calls `spend` and sends nothing if that raises.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__ != _MAKER:
            raise TypeError(f"only {_MAKER} may define a CutToken; {cls.__module__} tried to")

    @abstractmethod
    def spend(self, array_id: str) -> None:
        """Use the permission for one array.

        Raises:
            CutNotAuthorised: the window is not open (any more), or the array has spent it already.
        """
