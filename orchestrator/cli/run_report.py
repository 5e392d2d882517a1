"""A run or a plan as data and as text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrator.cli.contents_report import contents_data, contents_lines
from orchestrator.cli.output import problem_of
from orchestrator.cli.timeline import budget_left, draw, spans_of
from orchestrator.engine.planning import RunPlan
from orchestrator.engine.result import RunResult
from orchestrator.engine.told import Told
from orchestrator.errors import CATALOGUE
from orchestrator.model.grades import RunStatus
from orchestrator.policy.reasons import Finding
from orchestrator.verify.forecast import VerificationForecast


def run_data(result: RunResult, public_key: Path) -> dict[str, Any]:
    """Return a run's end as data."""
    return {
        "run": {
            "id": result.run_id,
            "set": result.set_name,
            "job": result.job,
            "host": result.host,
            "status": result.status,
            "grade": result.grade,
            "emulated": result.emulated,
            "window_ms": None if result.window_s is None else round(result.window_s * 1000, 3),
            "problem": None if result.error is None else problem_of(result.error),
            "reasons": [finding_data(reason) for reason in result.reasons],
            "note": result.note,
            "earlier_attempts": [
                {
                    "set": each.set_name,
                    "status": each.status,
                    "problem": None if each.error is None else problem_of(each.error),
                }
                for each in result.earlier
            ],
        },
        "writers": None if result.told is None else _told_data(result.told),
        "evidence": {"path": None if result.record is None else str(result.record)},
        "public_key": {"path": str(public_key)},
        "timeline": _timeline_data(result),
        "replicas": [
            {"array": cut.array_name, "name": member.replica_name, "id": member.replica_id}
            for cut in (result.facts.cuts if result.facts is not None and result.grade is not None else ())
            for member in cut.listed
        ],
        "clones": [
            {
                "array": each.array_name,
                "name": each.clone.volume.name,
                "lun_id": each.clone.volume.lun_id,
                "replica_id": each.clone.replica_id,
            }
            for each in result.clones
        ],
        "verification": None if result.contents is None else contents_data(result.contents),
        "removed": [str(remains) for remains in result.undone.removed],
        "void_pending": [str(remains) for remains in result.undone.void_pending],
        "in_doubt": list(result.undone.in_doubt),
        "further_sets": [run_data(each, public_key) for each in result.others],
    }


def run_text(result: RunResult) -> str:
    """Return a run's end for people."""
    if result.status is RunStatus.REFUSED:
        return _refusal_text(result)
    grade = f", {result.grade}" if result.grade is not None else ""
    lines = [f"{result.status}{grade}: set {result.set_name} of job {result.job} on {result.host}"]
    lines += [f"attempt {each.set_name} failed: {each.error}" for each in result.earlier]
    if result.emulated:
        lines.append("emulated: true (signed with the lab's key; counts for nothing outside the lab)")
    if result.facts is not None:
        lines.append(draw(result.facts))
    lines += [finding_text(reason) for reason in result.reasons]
    if result.error is not None:
        lines += [f"why: {result.error}", f"  next: {result.error.remedy}", f"  code: {result.error.code}"]
    lines += [f"removed: {remains}" for remains in result.undone.removed]
    lines += [f"void-pending: {remains}" for remains in result.undone.void_pending]
    lines += [f"in doubt: {doubt} (run `quiesce recover`)" for doubt in result.undone.in_doubt]
    lines += [f"clone: {each.clone.volume.name} on {each.array_name}" for each in result.clones]
    lines += contents_lines(result.contents) if result.contents is not None else []
    lines += [f"logs of {each}" for each in result.told.report.logs] if result.told is not None else []
    lines += [f"note: {result.note}"] if result.note else []
    lines += [f"evidence: {result.record}"] if result.record is not None else []
    return "\n".join(lines)


def _told_data(told: Told) -> dict[str, Any]:
    return {
        "told": "succeeded" if told.succeeded else "failed",
        "reply": told.reply,
        "cause": told.cause,
        "logs": [asdict(each) for each in told.report.logs],
    }


def _refusal_text(result: RunResult) -> str:
    lines = [f"refused: job {result.job} on {result.host}; nothing was touched"]
    lines += [finding_text(reason) for reason in result.reasons]
    return "\n".join([*lines, f"evidence: {result.record}"])


def plan_data(plan: RunPlan, verification: VerificationForecast | None) -> dict[str, Any]:
    """Return a plan as data."""
    return {
        "refused": False,
        "reasons": [],
        "job": plan.job.name,
        "host": plan.host.name,
        "grade": plan.grade,
        "emulated": plan.emulated,
        "components": [component.caption for component in plan.components],
        "host_volumes": list(plan.topology.host_volumes),
        "arrays": [
            {
                "name": array.name,
                "array_volumes": [volume.name for volume in plan.volumes_on(array)],
                "forecast_s": plan.offers[array.identity.array_id].forecast_s,
                "basis": plan.offers[array.identity.array_id].basis,
            }
            for array in plan.arrays
        ],
        "commit_budget_s": plan.request.budgets.commit_s,
        "verification": None if verification is None else asdict(verification),
        "hold_limit_s": plan.job.hold_limit_s if plan.job.truncate else None,
        "attempts": plan.job.attempts,
        "notes": [finding_data(note) for note in plan.notes],
    }


def plan_text(plan: RunPlan, verification: VerificationForecast | None) -> str:
    """Return a plan for people."""
    databases = ", ".join(component.caption for component in plan.components)
    lines = [f"job {plan.job.name} on {plan.host.name}: {databases}, {plan.grade}"]
    for array in plan.arrays:
        offer = plan.offers[array.identity.array_id]
        names = ", ".join(volume.name for volume in plan.volumes_on(array))
        lines.append(f"  {array.name}: one cut of {names}")
        lines.append(f"    forecast {offer.forecast_s * 1000:.0f} ms ({offer.basis})")
    if verification is not None:
        lines.append(f"  verification: {_expected(verification)}")
    if plan.job.truncate:
        lines.append(
            f"  until then the writers are held, {plan.job.hold_limit_s:g} s at most (`quiesce set cancel`)"
        )
    lines += [f"  {line}" for note in plan.notes for line in finding_text(note).splitlines()]
    lines.append(f"  budget for the cuts: {plan.request.budgets.commit_s:g} s; nothing speaks against it")
    return "\n".join(lines)


def _expected(verification: VerificationForecast) -> str:
    if verification.seconds is None:
        return verification.basis
    return f"ends about {verification.seconds:,.0f} s after the cut ({verification.basis})"


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return one reason as data."""
    return {
        "code": finding.code,
        "subject": finding.subject,
        "what": finding.text,
        "remedy": CATALOGUE[finding.code].remedy,
        "fatal": finding.fatal,
    }


def finding_text(finding: Finding) -> str:
    """Return one reason for people."""
    word = "refused" if finding.fatal else "note"
    remedy = CATALOGUE[finding.code].remedy
    return f"{word}: {finding.subject}: {finding.text}\n  next: {remedy}\n  code: {finding.code}"


def _timeline_data(result: RunResult) -> dict[str, Any] | None:
    if result.facts is None:
        return None
    return {
        "spans": [
            {"label": span.label, "start_s": round(span.start_s, 6), "end_s": round(span.end_s, 6)}
            for span in spans_of(result.facts)
        ],
        "budget_left_s": {name: round(left, 6) for name, left in budget_left(result.facts).items()},
    }
