"""Every code with its cause and remedy: what `quiesce errors CODE` and the reference page print.

The entries stand in `explanations/`, one file a family: `input` in `input.py`, and so on.
"""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation
from orchestrator.errors.explanations import (
    agent,
    agent_enrolment,
    array,
    ese,
    evidence,
    host,
    input,
    policy,
    proof,
    verify,
    window,
)

FAMILIES: Final = (input, policy, host, agent, agent_enrolment, array, window, proof, evidence, verify, ese)

CATALOGUE: Final[dict[str, Explanation]] = {
    code: explanation for family in FAMILIES for code, explanation in family.ENTRIES.items()
}
