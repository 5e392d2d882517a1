"""Finds plugins, keeps broken ones apart, and remembers where each came from."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeVar

import pluggy
from pydantic import BaseModel

from orchestrator.plugin import HostCoordinator, Provider, hookspecs

GROUP: Final = "quiesce"
DISABLED_VARIABLE: Final = "QUIESCE_DISABLED_PLUGINS"

T = TypeVar("T", type[Provider], type[HostCoordinator])


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that works: entry point, distribution and version it came with, module, kinds it offers."""

    name: str
    distribution: str
    version: str
    module: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A plugin that does not work, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plugins:
    """What the installed plugins offer.

    Attributes:
        providers: by kind.
        host_coordinators: by kind.
        loaded: plugins that work.
        broken: plugins that do not; nothing of theirs is offered.
        disabled: names of plugins that QUIESCE_DISABLED_PLUGINS keeps out; never imported.
    """

    providers: Mapping[str, type[Provider]]
    host_coordinators: Mapping[str, type[HostCoordinator]]
    loaded: tuple[LoadedPlugin, ...]
    broken: tuple[BrokenPlugin, ...]
    disabled: tuple[str, ...]


class _Unfit(Exception):
    """What is wrong with a plugin that could be imported."""


@dataclass(slots=True)
class _Loader:
    manager: pluggy.PluginManager
    providers: dict[str, type[Provider]] = field(default_factory=dict)
    host_coordinators: dict[str, type[HostCoordinator]] = field(default_factory=dict)

    def load(self, entry_point: EntryPoint) -> LoadedPlugin:
        """Import and register one plugin and take over all that it offers, or nothing and raise."""
        module = entry_point.load()
        self.manager.register(module, name=entry_point.name)
        try:
            self.manager.check_pending()  # a hook that nobody declared would be ignored in silence
            providers = self._offered("register_providers", module, Provider, self.providers)
            hosts = self._offered(
                "register_host_coordinators", module, HostCoordinator, self.host_coordinators
            )
        except BaseException:
            self.manager.unregister(module)
            raise
        self.providers |= providers
        self.host_coordinators |= hosts
        distribution = entry_point.dist
        return LoadedPlugin(
            name=entry_point.name,
            distribution=distribution.name if distribution else "",
            version=distribution.version if distribution else "",
            module=entry_point.module,
            kinds=(*providers, *hosts),
        )

    def _offered(self, hook: str, module: Any, base: T, taken: Mapping[str, T]) -> dict[str, T]:
        offered: dict[str, T] = {}

        def register(cls: T) -> None:
            _check_class(cls, base)
            if cls.kind in taken or cls.kind in offered:
                raise _Unfit(f"the kind {cls.kind!r} is offered by another plugin already")
            offered[cls.kind] = cls

        others = [plugin for plugin in self.manager.get_plugins() if plugin is not module]
        self.manager.subset_hook_caller(hook, others)(register=register)
        return offered


def _check_class(cls: object, base: type[Provider] | type[HostCoordinator]) -> None:
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise _Unfit(f"{cls!r} is not a {base.__name__}")
    if missing := sorted(getattr(cls, "__abstractmethods__", ())):
        raise _Unfit(f"{cls.__name__} lacks {', '.join(missing)}")
    for attribute, form in (("kind", str), ("settings_model", type)):
        if not isinstance(getattr(cls, attribute, None), form):
            raise _Unfit(f"{cls.__name__} has no {attribute}")


def load_plugins() -> Plugins:
    """Load every plugin of the group `quiesce`, each by itself: what one does wrong harms no other."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    loader = _Loader(manager)
    disabled = {name.strip() for name in os.environ.get(DISABLED_VARIABLE, "").split(",")}
    loaded: list[LoadedPlugin] = []
    broken: list[BrokenPlugin] = []
    found = sorted(entry_points(group=GROUP), key=lambda entry_point: entry_point.name)
    for entry_point in found:
        if entry_point.name in disabled:
            continue
        try:
            loaded.append(loader.load(entry_point))
        except (Exception, SystemExit) as error:  # a stranger's module may raise anything
            broken.append(BrokenPlugin(entry_point.name, _reason(error)))
    return Plugins(
        providers=loader.providers,
        host_coordinators=loader.host_coordinators,
        loaded=tuple(loaded),
        broken=tuple(broken),
        disabled=tuple(entry_point.name for entry_point in found if entry_point.name in disabled),
    )


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, _Unfit) else f"{type(error).__name__}: {error}"
