"""Codes of what agents and the orchestrator say to each other."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "agent.version": Explanation(
        "The agent and the orchestrator speak different versions of their protocol.",
        "Install the same version of Quiesce on both ends; `quiesce --version` says which one is there.",
    ),
    "agent.malformed": Explanation(
        "A message between agent and orchestrator is not of the documented form. It had no effect.",
        "Install the same version of Quiesce on both ends. If they are the same, something in between "
        "changes what is sent: look for a proxy that opens TLS.",
    ),
    "agent.fenced": Explanation(
        "The agent obeys a newer run than this one: somebody else has worked with the host since.",
        "Let only one installation work with this host. If this one was restored from a backup, its file of "
        "locks is old: enrol the host anew.",
    ),
    "agent.too-late": Explanation(
        "A request to freeze reached the agent too late, or for the second time, or the agent was restarted "
        "in between. Nothing was frozen.",
        "Look for what delays requests: the network, the hub's machine, a paused virtual machine. Run again.",
    ),
    "agent.not-approved": Explanation(
        "The agent waits for an admin's approval, and is asked nothing until then.",
        "`quiesce host pending` shows it with its fingerprint; `quiesce host approve` lets it in.",
    ),
    "agent.hub-running": Explanation(
        "Another hub of this installation is running already.",
        "Stop it first, or let it do the work: one hub serves all agents.",
    ),
    "agent.wrong-peer": Explanation(
        "Who answers has a valid certificate, but its key is not the one that was agreed on.",
        "Compare the fingerprint with that of the agent (`quiesce host pending`, or the agent's start-up "
        "text). If the host was enrolled anew, register the new fingerprint.",
    ),
    "agent.state-unusable": Explanation(
        "The agent cannot read or write what it remembers of its sets.",
        "Check rights and free space of the folder named. If the file is damaged, run `quiesce recover` on "
        "the orchestrator, then remove it and start the agent again.",
    ),
}
