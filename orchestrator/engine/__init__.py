"""The only place that freezes. Start at `freeze_window.py`; `run.py` is one run from survey to proof.

`planning` survey and refusal, no mutating call · `warmth` connections kept warm · `token` the permission
to cut · `thaw` the guaranteed release · `settle` the look afterwards · `undo` removal of all that a run
made · `recovery` the same for runs that died.
"""
