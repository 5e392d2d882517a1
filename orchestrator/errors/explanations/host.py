"""Codes of the host side."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.explanation import Explanation

ENTRIES: Final[dict[str, Explanation]] = {
    "host.unreachable": Explanation(
        "The host did not answer.",
        "Check that its agent runs and that the network path is open: `quiesce host test NAME`.",
    ),
    "host.gone": Explanation(
        "The connection to the host was lost during a session.",
        "The host thaws by itself at its deadline. Check the host, then run again.",
    ),
    "host.busy": Explanation(
        "Another run holds this host. One set can be in creation per host at a time.",
        "Wait for the other run to end, then run again. If none is running, `quiesce recover` frees the host "
        "from what a dead run left behind.",
    ),
    "host.rejected": Explanation(
        "The host refused a request.",
        "Read the reason given; `quiesce host test NAME` shows the state of its writers.",
    ),
    "host.writer-failed": Explanation(
        "A selected writer reported failure.",
        "Start a new run. If it fails again, restart the service that owns the writer.",
    ),
    "host.login-failed": Explanation(
        "The host did not accept the secret.",
        "Renew the secret that the host's reference points to.",
    ),
    "host.other-identity": Explanation(
        "Another host answers at this address than the one that was registered.",
        "Find out what changed. If it is meant to be so, `quiesce host remove NAME` and add it again.",
    ),
}
