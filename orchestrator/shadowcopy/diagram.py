"""The page on the state machine, made from the tables so that it cannot lie.

To write it anew, put what `page()` returns into docs/reference/state-machine.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.shadowcopy.events import Event
from orchestrator.shadowcopy.states import HOLDING, State
from orchestrator.shadowcopy.transitions import TRANSITIONS, stay_s

_INTRODUCTION = """\
# The state machine of a shadow copy set

Generated from the tables in `orchestrator/shadowcopy`; a test keeps the two equal, and the docstring of
`diagram.py` says how to write this page anew.

The states with a thick border hold writers, or may hold them: whatever happens there, every way out ends
with `thawed`. No deadline lies beyond the freeze budget, counted from `freeze-asked`. Time that has run
out is dealt with before the event that has just arrived, so a late success is a failure. An event without
an arrow is illegal and changes nothing.
"""


def page() -> str:
    """Return the whole page, as Markdown with a Mermaid diagram."""
    diagram = "\n".join(_diagram())
    table = "\n".join(_table())
    return f"{_INTRODUCTION}\n```mermaid\n{diagram}\n```\n\n{table}\n"


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield "    classDef holding stroke-width:4px"
    yield f"    [*] --> {State.IDLE}"
    for state, row in TRANSITIONS.items():
        arrows: dict[State, list[Event]] = defaultdict(list)
        for event, after in row.items():
            arrows[after].append(event)
        for after, events in arrows.items():
            yield f"    {state} --> {after}: {', '.join(events)}"
        if not row:
            yield f"    {state} --> [*]"
    for state in State:
        if state in HOLDING:
            yield f"    class {state} holding"


def _table() -> Iterator[str]:
    yield "| state | writers | at most |"
    yield "| --- | --- | --- |"
    for state in State:
        writers = "held, or perhaps held" if state in HOLDING else "run"
        limit_s = stay_s(state, DEFAULT_BUDGETS)
        limit = "no limit" if limit_s is None else f"{limit_s:g} s"
        yield f"| `{state}` | {writers} | {limit} |"
