"""The command line: one file per command group, loaded only when it is called.

Start at `app.py` (the table of commands) and `output.py` (how a command answers).
"""
