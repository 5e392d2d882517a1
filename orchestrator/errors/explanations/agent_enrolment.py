"""Codes of agents that are known by tokens, keys and certificates."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "agent.token-refused": Explanation(
        "The hub does not take this enrolment token: unknown, expired, revoked, used up, or not for a host "
        "of this name. Whoever asks is not told which; the hub's log says it.",
        "See `quiesce host enrol-token list`, then make a new token with `quiesce host enrol-token create`.",
    ),
    "agent.token-unreadable": Explanation(
        "The text is not a whole enrolment token: it was cut short or changed on the way.",
        "Paste it again whole, as one word that begins with qet1; with - it is read from standard input.",
    ),
    "agent.bad-request": Explanation(
        "An agent sent something that cannot be understood. Nothing has changed.",
        "Use the same version of Quiesce on both ends; the message says what does not fit.",
    ),
    "agent.key-unusable": Explanation(
        "A key or certificate file of agents cannot be used: missing, damaged, readable by others, or unlike "
        "the one beside it.",
        "Restore the file named from its backup, or chmod 600 it. Never delete agents-ca.key: every agent "
        "would have to be enrolled again. A host's own files may go: enrol that host anew.",
    ),
    "agent.authority-expired": Explanation(
        "The certificate authority for agents has reached its end.",
        "Move agents-ca.key and agents-ca.pem out of the folder of keys, and enrol every agent anew.",
    ),
    "agent.authority-lost": Explanation(
        "Agents are on record, but the authority that issued their certificates is gone. A new one would be "
        "a stranger to them.",
        "Restore agents-ca.key and agents-ca.pem in the folder of keys. If they are lost for good, revoke "
        "every agent and token first (`quiesce host revoke`, `quiesce host enrol-token revoke`); then enrol "
        "anew.",
    ),
    "agent.hub-unnamed": Explanation(
        "It is not known by which name and port agents reach the hub, or the address given is none.",
        "Give `quiesce host enrol-token create --hub https://HOST:PORT`, as the hosts see it.",
    ),
    "agent.hub-refused": Explanation(
        "The hub cannot be reached from this host, is not the one that the token names, or gave no answer "
        "that can be understood.",
        "Check that the hub runs (`quiesce agent hub`), its name and port, the way through firewall or proxy "
        "(--proxy), and that both clocks are right.",
    ),
    "agent.already-enrolled": Explanation(
        "This state folder holds the identity of an agent that is enrolled already.",
        "Nothing need be done. To enrol anew, move the folder named away first.",
    ),
    "agent.not-enrolled": Explanation(
        "This state folder holds no identity.",
        "Enrol this host with `quiesce agent enrol TOKEN`, or name the right folder with --state.",
    ),
    "agent.not-pending": Explanation(
        "The agent was rejected or revoked; that is final.",
        "Enrol the host anew: move the agent's state folder away, then `quiesce agent enrol TOKEN`.",
    ),
    "agent.ambiguous": Explanation(
        "Several agents of this host name are on record, perhaps an old one and its replacement.",
        "Name the agent by its id; see `quiesce host pending`. Compare fingerprints before you approve one.",
    ),
}
