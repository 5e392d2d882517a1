"""A look into the clones of a proven set: shown to a verification host, read by verifiers, hidden again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.progress import Observer, Phase
from orchestrator.engine.result import PlacedClone
from orchestrator.errors import OrchestratorError, VerificationError
from orchestrator.hosts.linux.lun_devices import ThisMachine
from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.hosts import Component
from orchestrator.model.verification import ContentsReport, Verdict, VerifiedComponent
from orchestrator.plugin import ClonedComponent, ClonedFile, Verifier
from orchestrator.policy.presentation import PresentationTarget
from orchestrator.service.installation import Installation
from orchestrator.service.shown_clones import VerificationHost, Volumes, hide_clones, show_clones
from orchestrator.service.verification_control import VerificationControl

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ClonesCheck:
    """Looks into clones with the verifiers that are installed.

    Attributes:
        verifiers: by the writer ids that they understand.
        machine: who the clones are shown to.
        progress: told how far the reading has come, on the event loop.
    """

    verifiers: Mapping[str, Verifier]
    machine: VerificationHost
    progress: Progress = field(default=lambda _text: None)

    @classmethod
    def of(
        cls, kinds: Mapping[str, type[Verifier]], machine: VerificationHost, progress: Progress
    ) -> ClonesCheck:
        """Make one of each installed verifier."""
        made = [kind() for kind in kinds.values()]
        return cls({writer_id: each for each in made for writer_id in each.writer_ids}, machine, progress)

    @property
    def verifiable(self) -> Collection[str]:
        """Ids of the writers whose databases some verifier understands."""
        return self.verifiers.keys()

    @property
    def seen_by(self) -> Sequence[PresentationTarget]:
        """This machine, or whichever the clones are shown to."""
        return (PresentationTarget(self.machine.host_name),)

    async def look(
        self, attempt: Attempt, clones: Sequence[PlacedClone], stop: asyncio.Event
    ) -> ContentsReport:
        """Look into the clones; those that no verifier understands are not even shown."""
        started_at = datetime.now(UTC)
        by_verifier: dict[str, list[Component]] = defaultdict(list)
        for component in attempt.plan.components:
            by_verifier[_writer_id(attempt, component)].append(component)
        understood = {each: owned for each, owned in by_verifier.items() if each in self.verifiers}
        found: dict[Component, VerifiedComponent] = {}
        note = ""
        if understood:
            volumes = _volumes(clones)
            shown = await show_clones(attempt.plan.arrays, volumes, self.machine)
            where = {(each.array_name, each.volume_name): Path(each.seen.file) for each in shown}
            try:
                for writer_id, owned in understood.items():
                    cloned = [_cloned(attempt, clones, where, writer_id, each) for each in owned]
                    verified = await self._verified(self.verifiers[writer_id], cloned, stop)
                    found |= dict(zip(owned, verified, strict=True))
            except BaseException as error:
                if still_shown := await self._hidden(attempt, volumes):
                    error.add_note(still_shown)
                raise
            note = await self._hidden(attempt, volumes)
        components = tuple(found.get(each, _unlooked_at(each)) for each in attempt.plan.components)
        return ContentsReport(components, started_at, datetime.now(UTC), note)

    async def _hidden(self, attempt: Attempt, volumes: Volumes) -> str:
        """Take the clones away again; return what to say if that fails: what was found still counts."""
        try:
            await hide_clones(attempt.plan.arrays, volumes, self.machine)
        except OrchestratorError as error:
            return f"clones are still shown, `quiesce set withdraw` takes them away: {error}"
        return ""

    async def _verified(
        self, verifier: Verifier, components: Sequence[ClonedComponent], stop: asyncio.Event
    ) -> Sequence[VerifiedComponent]:
        """Let a verifier read, in a thread of its own, until it is done or nobody wants it any more."""
        control = VerificationControl(asyncio.get_running_loop(), self.progress)
        reading = asyncio.create_task(asyncio.to_thread(verifier.verify, components, control))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({reading, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            if not reading.done():
                control.stop()
        try:
            return await reading
        except OrchestratorError:
            raise
        except Exception as error:  # noqa: BLE001 - the door to a plugin: what it raises must not end a run
            what = f"its verifier failed: {type(error).__name__}: {error}"
            raise VerificationError("verify.verifier-failed", what, subject=verifier.kind) from None


def clones_check(installation: Installation, observe: Observer) -> ClonesCheck:
    """Return a look by the installed verifiers, at clones that are shown to this machine."""
    verifiers = installation.plugins.verifiers
    return ClonesCheck.of(verifiers, ThisMachine(), lambda text: observe(Phase.VERIFY, text))


def _writer_id(attempt: Attempt, component: Component) -> str:
    owners = {each.instance_id: each.writer_id.lower() for each in attempt.plan.writers}
    return owners.get(component.instance_id, "")


def _volumes(clones: Sequence[PlacedClone]) -> Volumes:
    volumes: dict[str, list[ArrayVolume]] = defaultdict(list)
    for each in clones:
        volumes[each.array_name].append(each.clone.volume)
    return volumes


def _cloned(
    attempt: Attempt,
    clones: Sequence[PlacedClone],
    where: Mapping[tuple[str, str], Path],
    writer_id: str,
    component: Component,
) -> ClonedComponent:
    """Follow each file down to the clone that its bytes are in."""
    names = {array.identity.array_id: array.name for array in attempt.plan.arrays}
    sources = {
        (cut.array.name, member.replica_id): member.source_volume_id
        for cut in attempt.cuts
        for member in cut.listed
    }
    clone_of = {
        (each.array_name, sources[each.array_name, each.clone.replica_id]): each.clone.volume.name
        for each in clones
    }
    topology = attempt.plan.topology
    rows = [row for row in topology.rows if row.file in component.files]
    spread = sorted({row.file for row in rows if sum(row.file == other.file for other in rows) > 1})
    if spread:
        what = "it lies on a host volume that spans several LUNs, which nothing here can read"
        raise VerificationError("verify.spans-luns", what, subject=spread[0])
    files = [
        ClonedFile(
            row.file,
            topology.inner_paths[row.file],
            where[names[row.array_id], clone_of[names[row.array_id], row.volume_id]],
        )
        for row in rows
    ]
    return ClonedComponent(component.caption, writer_id, tuple(files))


def _unlooked_at(component: Component) -> VerifiedComponent:
    return VerifiedComponent(component.caption, "", Verdict.NO_VERIFIER)
