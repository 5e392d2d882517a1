"""The shadow-copy state machine. Pure: events and the time go in, states and the next action come out.

Start at `machine.py`; the rules are the table in `transitions.py` and nothing else.
"""

from orchestrator.shadowcopy.events import Event
from orchestrator.shadowcopy.machine import IllegalEvent, ShadowCopyMachine
from orchestrator.shadowcopy.states import HOLDING, Action, State
from orchestrator.shadowcopy.transitions import ACTION, TRANSITIONS

__all__ = [
    "ACTION",
    "HOLDING",
    "TRANSITIONS",
    "Action",
    "Event",
    "IllegalEvent",
    "ShadowCopyMachine",
    "State",
]
