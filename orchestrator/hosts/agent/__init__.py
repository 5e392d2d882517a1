"""The host agent: Quiesce's process on the host, and the protocol between it and the orchestrator.

The agent serves a `HostCoordinator` of its own machine (its backend); the orchestrator's side is a
`HostCoordinator` again, which asks the agent.
"""
