"""The agent's side of the VSS provider: its pipe, and the relay that holds writes for as long as a set needs.

Standard library and our own records alone: this runs in the Windows agent.
"""
