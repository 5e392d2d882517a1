"""A process that holds a freeze for the orchestrator, and ends it when nobody else does.

Start reading at `hold.py`: what is held.
"""
