"""The one door for plugins: providers, host coordinators and verifiers.

A plugin is a module named by an entry point of the group `quiesce`:

    from orchestrator.plugin import Provider, hookimpl

    class AcmeProvider(Provider):
        kind = "acme-f"
        ...

    @hookimpl
    def register_providers(register):
        register(AcmeProvider)

Hooks only register; the typed objects do the work, and no hook is called inside a freeze window.
Start reading at `provider.py` (an array), `host.py` (a host) or `verifier.py` (what looks into clones).
`orchestrator.model` and `orchestrator.errors` may be imported beside this package; nothing else of the
orchestrator may.
"""

from orchestrator.plugin.emulator import ArrayEmulator, Fault, LabOptions
from orchestrator.plugin.hookspecs import hookimpl
from orchestrator.plugin.host import HostCoordinator, HostSet, SetPlan
from orchestrator.plugin.provider import ClockSample, Cloner, Presenter, Provider, ProviderContext
from orchestrator.plugin.secrets import Secret
from orchestrator.plugin.token import CutToken
from orchestrator.plugin.verifier import ClonedComponent, ClonedFile, Control, Verifier

__all__ = [
    "ArrayEmulator",
    "ClockSample",
    "ClonedComponent",
    "ClonedFile",
    "Cloner",
    "Control",
    "CutToken",
    "Fault",
    "HostCoordinator",
    "HostSet",
    "LabOptions",
    "Presenter",
    "Provider",
    "ProviderContext",
    "Secret",
    "SetPlan",
    "Verifier",
    "hookimpl",
]
