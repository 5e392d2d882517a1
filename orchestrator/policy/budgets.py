"""A job's own budgets: stricter than the product's, never wider."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

from orchestrator.model.budgets import Budgets
from orchestrator.policy.reasons import Finding


def tighten(defaults: Budgets, wished: Mapping[str, float]) -> Budgets | tuple[Finding, ...]:
    """Return the budgets with the wished figures in place, or why they cannot be."""
    findings = tuple(_unfit(defaults, wished))
    if findings:
        return findings
    tightened = replace(defaults, **wished)
    return tuple(_out_of_order(tightened)) or tightened


def _unfit(defaults: Budgets, wished: Mapping[str, float]) -> Iterator[Finding]:
    names = [field.name for field in fields(Budgets)]
    for name, value in wished.items():
        if name not in names:
            yield _finding(name, f"There is no such budget; there are {', '.join(names)}.")
        elif isinstance(value, bool) or not value > 0:
            yield _finding(name, f"{value!r} is not a positive number of seconds.")
        elif value > (limit := getattr(defaults, name)):
            yield _finding(name, f"{value:g} s is wider than {limit:g} s; budgets can only be made stricter.")


def _out_of_order(budgets: Budgets) -> Iterator[Finding]:
    for inner, outer in (("commit_s", "hold_s"), ("hold_s", "freeze_s")):
        shorter, longer = getattr(budgets, inner), getattr(budgets, outer)
        if shorter >= longer:
            yield _finding(outer, f"{longer:g} s leaves no room for {inner} = {shorter:g} s.")


def _finding(name: str, text: str) -> Finding:
    return Finding("input.bad-key", f"budgets.{name}", text)
