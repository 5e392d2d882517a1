"""The shadow-copy state machine. Pure: events and the time go in, states and deadlines come out.

Start at `machine.py`; the rules are the table in `transitions.py` and nothing else.
"""

from orchestrator.shadowcopy.events import Event
from orchestrator.shadowcopy.machine import IllegalEvent, ShadowCopyMachine
from orchestrator.shadowcopy.states import HOLDING, State
from orchestrator.shadowcopy.transitions import TRANSITIONS

__all__ = [
    "HOLDING",
    "TRANSITIONS",
    "Event",
    "IllegalEvent",
    "ShadowCopyMachine",
    "State",
]
