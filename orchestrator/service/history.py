"""How long cuts and verifications took before: what forecasts rest on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from orchestrator.engine.planning import RunPlan
from orchestrator.errors import EvidenceError
from orchestrator.evidence import Proof, read_record
from orchestrator.registry.sets import RecordedSet
from orchestrator.verify.forecast import VerificationForecast, verification_forecast

SETS_LOOKED_AT: Final = 20


def cut_times(sets: Sequence[RecordedSet]) -> dict[str, list[float]]:
    """Return the seconds that the latest proven sets' cuts took, by the array's registered name."""
    proven = [each for each in sets if each.evidence_path is not None and each.grade is not None]
    latest = sorted(proven, key=lambda each: each.made_at)[-SETS_LOOKED_AT:]
    times: dict[str, list[float]] = defaultdict(list)
    for each in latest:
        for array, seconds in _times_in(Path(each.evidence_path or "")):
            times[array].append(seconds)
    return dict(times)


def verification_times(sets: Sequence[RecordedSet]) -> list[tuple[int, float]]:
    """Return bytes and seconds of every verification on record, the latest last."""
    seen = sorted((each.verification for each in sets if each.verification), key=lambda one: str(one["at"]))
    return [(int(one["bytes"]), float(one["seconds"])) for one in seen]


def forecast_verification(sets: Sequence[RecordedSet], plan: RunPlan) -> VerificationForecast:
    """Say how long the verification of a planned run will take.

    As much will be read as the last time for this job; the first time, all of the array volumes at the most.
    """
    of_job = verification_times([each for each in sets if each.job == plan.job.name])
    size_bytes = sum(each.size_bytes for array in plan.arrays for each in plan.volumes_on(array))
    return verification_forecast(of_job[-1][0] if of_job else size_bytes, verification_times(sets))


def _times_in(path: Path) -> Iterator[tuple[str, float]]:
    try:
        claim = read_record(path.read_bytes()).claim
    except (OSError, EvidenceError):
        return  # a record that is gone or spoilt is no reason not to run
    if isinstance(claim, Proof):
        for cut in claim.facts.cuts:
            if cut.asked_at is not None and cut.acknowledged_at is not None:
                yield cut.array_name, cut.asked_at.elapsed_s(cut.acknowledged_at)
