"""One attempt of one run: everything it has made and seen so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.engine.clock import Clock
from orchestrator.engine.cut import PendingCut
from orchestrator.engine.freeze_window import WindowRecord
from orchestrator.engine.planning import RunPlan
from orchestrator.engine.warmth import Warmth
from orchestrator.model.facts import CutFacts, MapRow, WindowFacts
from orchestrator.model.hosts import WriterReport
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import HostSet
from orchestrator.shadowcopy import ShadowCopyMachine


@dataclass(slots=True)
class Attempt:
    """Filled in stage by stage; what is still empty was not reached.

    Attributes:
        names: of every object this attempt makes on an array.
        set_id: the shadow copy set on the host, chosen by us.
        fence: fencing token.
        cuts: one an array, from the moment its names are written down.
    """

    plan: RunPlan
    names: ObjectNames
    set_id: str
    fence: int
    clock: Clock
    machine: ShadowCopyMachine
    warmth: Warmth
    cuts: list[PendingCut]
    host_set: HostSet | None = None
    window: WindowRecord = field(default_factory=WindowRecord)
    writers_after: tuple[WriterReport, ...] | None = None
    map_after: tuple[MapRow, ...] | None = None

    @property
    def open_set(self) -> HostSet:
        """The set on the host, once it is open."""
        assert self.host_set is not None  # noqa: S101 - every stage after `prepare` has one
        return self.host_set

    def facts(self) -> WindowFacts | None:
        """Put together everything that was seen of the window; None if there never was one."""
        window = self.window
        if window.freeze_asked is None or self.host_set is None:
            return None
        return WindowFacts(
            set_id=self.set_id,
            session_id=self.host_set.session_id,
            selected=self.plan.writers,
            budgets=self.machine.budgets,
            freeze_asked=window.freeze_asked,
            freeze=window.freeze,
            freeze_seen=window.freeze_seen,
            cuts=tuple(self._cut_facts(cut) for cut in self.cuts),
            release_sent=window.release_sent,
            release=window.release,
            release_seen=window.release_seen,
            host_clock=self.plan.host_clock,
            writers_after=self.writers_after,
            map_before=self.plan.topology.rows,
            map_after=self.map_after,
        )

    def _cut_facts(self, cut: PendingCut) -> CutFacts:
        return CutFacts(
            array_id=cut.array.identity.array_id,
            array_name=cut.array.name,
            cut_name=cut.answer.cut_name if cut.answer else cut.armed.names.stem,
            planned=tuple(sorted(item.volume_id for item in cut.armed.volumes)),
            asked_at=cut.asked_at,
            acknowledged_at=cut.acknowledged_at,
            listed=cut.listed,
            clock=self.warmth.proofs[cut.array.name].clock,
            precision_s=cut.array.capabilities.clock_precision_s,
        )
