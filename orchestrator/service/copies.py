"""Which hosts a job runs on: databases with copies on several servers are one object. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from orchestrator.config.job import Job
from orchestrator.model.hosts import Survey
from orchestrator.policy.copies import CopyChoice, CopyPreference, choose_copies
from orchestrator.policy.reasons import raise_refusal
from orchestrator.service.installation import Installation
from orchestrator.service.parties import HostCaller, reachable_host


def portions_of(installation: Installation, job: Job) -> tuple[Job, ...]:
    """Return the job as one for each host that it runs on: never two copies of a database.

    Raises:
        Refused: a database has no copy that the job allows, on a host that answers.
    """
    if not job.servers:
        return (job,)
    hosts = tuple(dict.fromkeys((job.host, *job.servers)))
    registered = [installation.hosts.get(name) for name in hosts]
    callers = [HostCaller(each, installation.connections.host(each)) for each in registered]
    surveys = asyncio.run(_surveys(callers))
    preference = CopyPreference(job.copies)
    choice = CopyChoice(preference, hosts if preference is CopyPreference.SERVERS else ())
    chosen = choose_copies(choice, surveys, job.databases)
    if not isinstance(chosen, Mapping):
        raise_refusal(chosen)
        raise AssertionError("a choice that failed says why")
    return tuple(
        replace(job, host=host, servers=(), databases=tuple(component.name for component in components))
        for host, components in chosen.items()
    )


async def _surveys(callers: Sequence[HostCaller]) -> dict[str, Survey]:
    """Survey every host that answers, by the name that it is registered under."""
    found: dict[str, Survey] = {}
    async with AsyncExitStack() as stack:
        for caller in callers:
            part = await stack.enter_async_context(reachable_host(caller))
            if part is not None:
                found[part.name] = await part.coordinator.survey()
    return found
