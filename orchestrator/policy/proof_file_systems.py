"""R1(a) and (c) where no writer takes part: the file systems of the set are counted, frozen and thawed."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.facts import WindowFacts
from orchestrator.policy.reasons import Finding


def every_file_system_frozen(facts: WindowFacts) -> Iterator[Finding]:
    """(a) The freeze took hold of exactly as many file systems as the set has."""
    if facts.freeze is None:
        return  # found by the rule on the report itself
    wanted = len({row.host_volume for row in facts.map_before})
    if facts.freeze.file_systems != wanted:
        text = f"{facts.freeze.file_systems} were frozen; the set lies on {wanted}."
        yield Finding("proof.file-system-not-frozen", facts.set_id, text)


def all_still_frozen(facts: WindowFacts) -> Iterator[Finding]:
    """(c) Our release thawed as many file systems as our freeze had frozen: nobody else thawed one."""
    if facts.freeze is None or facts.release is None:
        return
    if facts.release.file_systems is None:
        text = "How many were still frozen at the thaw is not known."
    elif facts.release.file_systems != facts.freeze.file_systems:
        text = f"{facts.release.file_systems} of {facts.freeze.file_systems} were still frozen at the thaw."
    else:
        return
    yield Finding("proof.thawed-by-others", facts.set_id, text)
