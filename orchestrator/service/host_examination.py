"""Examines one host, and the arrays behind it, for what would keep a run from succeeding. Changes nothing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from orchestrator.engine.clock import SystemClock
from orchestrator.engine.warmth import offset_between
from orchestrator.errors import ArrayError, HostError, OrchestratorError
from orchestrator.model.arrays import ArrayVolume
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import CheckStatus, HostCheck, HostIdentity, Survey
from orchestrator.model.time import ClockOffset, Reading
from orchestrator.plugin import HostCoordinator
from orchestrator.policy.examination.host import identity_check, survey_checks
from orchestrator.policy.topology import ArrayClaim, Claims
from orchestrator.registry.agents import KnownAgent
from orchestrator.registry.connections import Connections
from orchestrator.registry.endpoints import RegisteredArray, RegisteredHost
from orchestrator.service.agent_check import agent_check
from orchestrator.service.parties import ArrayCaller, HostCaller

HOST_LIMIT_S: Final = 60.0  # `vssadmin`, and a writer's metadata, take seconds on a busy server
ARRAY_LIMIT_S: Final = 30.0
_CLOSE_LIMIT_S: Final = 5.0
_CLOCK_SAMPLES: Final = 5
_CLOCK_SAMPLING_S: Final = 2.0  # a host that answers slowly is asked less often


@dataclass(frozen=True, slots=True)
class HostExamination:
    """A host as it is now.

    Attributes:
        identity: who answered.
        survey: what it looks like.
        clock: its wall clock against ours.
        claims: for each LUN identity of the survey, the arrays that know it, of those that answered.
        checks: everything that it was examined for.
    """

    identity: HostIdentity
    survey: Survey
    clock: ClockOffset
    claims: Claims
    checks: tuple[HostCheck, ...]

    @property
    def bad(self) -> bool:
        """Whether a run would fail."""
        return any(check.status is CheckStatus.BAD for check in self.checks)


async def examine_host(
    connections: Connections,
    registered: RegisteredHost,
    arrays: Sequence[RegisteredArray],
    agent: KnownAgent | None = None,
) -> HostExamination:
    """Ask a registered host, then every registered array for the host's LUNs.

    Args:
        connections: to whatever is registered.
        registered: the host.
        arrays: every registered one.
        agent: what is on record of the host's agent, where it has one.

    Raises:
        HostError: the host did not answer in time, or another one did.
        BadInput: what is registered of the host does not fit any more.
    """
    coordinator = connections.host(registered)
    caller = HostCaller(registered, coordinator)
    try:
        async with asyncio.timeout(HOST_LIMIT_S):
            identity = (await caller.meet()).identity
            survey = await coordinator.survey()
            told = await _told_by_the_host(coordinator)
            offset, last = await _clock(coordinator)
    except TimeoutError:
        what = f"No answer within {HOST_LIMIT_S:g} s."
        raise HostError("host.unreachable", what, subject=registered.name) from None
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await coordinator.close()
    claims, silent = await claims_of(connections, arrays, survey)
    checks = (
        identity_check(registered.kind, registered.name, identity),
        *(() if agent is None else (agent_check(agent),)),
        *survey_checks(
            survey, last, offset, claims, writers_expected=coordinator.ceiling is Grade.WRITER_VERIFIED
        ),
        *told,
        *(_silent(name, error) for name, error in silent.items()),
    )
    return HostExamination(identity, survey, offset, claims, checks)


async def claims_of(
    connections: Connections, arrays: Sequence[RegisteredArray], survey: Survey
) -> tuple[Claims, Mapping[str, OrchestratorError]]:
    """Ask every array for every LUN of a host.

    Returns:
        For each LUN identity the arrays that know it; and, by name, why the others could not be asked.
    """
    lun_ids = sorted({lun_id for item in survey.host_volumes for lun in item.luns for lun_id in lun.lun_ids})
    answers = await asyncio.gather(*(_located(connections, array, lun_ids) for array in arrays))
    claims: dict[str, list[ArrayClaim]] = defaultdict(list)
    silent: dict[str, OrchestratorError] = {}
    for array, answer in zip(arrays, answers, strict=True):
        if isinstance(answer, OrchestratorError):
            silent[array.name] = answer
            continue
        for lun_id, volume in answer.items():
            claims[lun_id].append(ArrayClaim(array.array_id, array.name, volume))
    return dict(claims), silent


async def _located(
    connections: Connections, array: RegisteredArray, lun_ids: Sequence[str]
) -> Mapping[str, ArrayVolume] | OrchestratorError:
    try:
        caller = ArrayCaller(array, connections.provider(array))
    except OrchestratorError as error:
        return error
    try:
        async with asyncio.timeout(ARRAY_LIMIT_S):
            await caller.meet()
            return await caller.provider.locate(lun_ids)
    except TimeoutError:
        what = f"No answer within {ARRAY_LIMIT_S:g} s."
        return ArrayError("array.unreachable", what, subject=array.name)
    except OrchestratorError as error:
        return error
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await caller.provider.close()


async def _clock(coordinator: HostCoordinator) -> tuple[ClockOffset, Reading]:
    """Read the host's clock a few times; the quickest answer says most, the last one is compared."""
    ours = SystemClock()
    started = ours.now()
    samples: list[tuple[ClockOffset, Reading]] = []
    while not samples or (len(samples) < _CLOCK_SAMPLES and ours.now() - started < _CLOCK_SAMPLING_S):
        asked = ours.reading()
        theirs = await coordinator.clock()
        samples.append((offset_between(asked, ours.reading(), theirs.wall.timestamp()), theirs))
    best = min((offset for offset, _ in samples), key=lambda offset: offset.error_s)
    return best, samples[-1][1]


async def _told_by_the_host(coordinator: HostCoordinator) -> Sequence[HostCheck]:
    try:
        return await coordinator.examine()
    except HostError as error:
        found = f"It could not examine itself: {error.what}"
        return (HostCheck("examination", CheckStatus.BAD, found, error.remedy),)


def _silent(name: str, error: OrchestratorError) -> HostCheck:
    # A run asks every array: a LUN that this one serves as well must not go unseen.
    return HostCheck(f"array {name}", CheckStatus.BAD, f"It could not be asked: {error.what}", error.remedy)
