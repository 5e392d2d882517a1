"""Serves the VSS provider's pipe: a thread that accepts, and one for each connection."""

from __future__ import annotations

from threading import Thread

from orchestrator.hosts.vss.provider.pipe_protocol import PIPE_NAME
from orchestrator.hosts.vss.provider.relay import Relay
from orchestrator.hosts.vss.provider.serving import ConnectionEnded, serve
from orchestrator.hosts.vss.provider.windows_pipe import PipeInstance, StopSignal


class PipeServer:
    """From `start` to `stop`; the pipe's name is taken at once.

    Raises:
        HostError: `host.busy`, another agent serves it; `host.not-windows`.
    """

    def __init__(self, relay: Relay, name: str = PIPE_NAME) -> None:
        self._relay = relay
        self._name = name
        self._stop = StopSignal()
        self._threads: list[Thread] = []
        self._next = PipeInstance(name, self._stop, first=True)

    def start(self) -> None:
        """Take connections from now on."""
        self._thread(self._accept)

    def stop(self) -> None:
        """Take no more; whatever is held is let go as a failure."""
        self._relay.veto()
        self._stop.set()
        while self._threads:
            self._threads.pop().join(5)

    def _accept(self) -> None:
        while True:
            try:
                self._next.accept()
            except ConnectionEnded:
                self._next.close()
                return
            # The name is never free: another instance stands before this one is served.
            taken, self._next = self._next, PipeInstance(self._name, self._stop, first=False)
            self._thread(serve, taken, self._relay)

    def _thread(self, target: object, *arguments: object) -> None:
        # Daemons: an agent that ends takes its pipe along, and the provider vetoes.
        thread = Thread(target=target, args=arguments, daemon=True, name="vss-provider")  # type: ignore[arg-type] # two shapes
        self._threads.append(thread)
        thread.start()
