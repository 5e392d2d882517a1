"""Finds plugins, keeps broken ones apart, and remembers where each came from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Generic, TypeVar

import pluggy
import structlog

from orchestrator.plugin import HostCoordinator, Provider, Verifier, hookspecs

GROUP: Final = "quiesce"
DISABLED_VARIABLE: Final = "QUIESCE_DISABLED_PLUGINS"

T = TypeVar("T")

log = structlog.get_logger()


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
        verifiers: by kind.
        loaded: plugins that work.
        broken: plugins that do not; nothing of theirs is offered.
        disabled: names of plugins that QUIESCE_DISABLED_PLUGINS keeps out; never imported.
    """

    providers: Mapping[str, type[Provider]]
    host_coordinators: Mapping[str, type[HostCoordinator]]
    loaded: tuple[LoadedPlugin, ...]
    broken: tuple[BrokenPlugin, ...]
    disabled: tuple[str, ...]
    verifiers: Mapping[str, type[Verifier]] = field(default_factory=dict)


class _Unfit(Exception):
    """What is wrong with a plugin that could be imported."""


@dataclass(frozen=True, slots=True)
class _Offered:
    """What one plugin, or all of them, offer: classes by kind."""

    providers: dict[str, type[Provider]] = field(default_factory=dict)
    host_coordinators: dict[str, type[HostCoordinator]] = field(default_factory=dict)
    verifiers: dict[str, type[Verifier]] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        return (*self.providers, *self.host_coordinators, *self.verifiers)

    def add(self, other: _Offered) -> None:
        _check_free(self.providers, other.providers)
        _check_free(self.host_coordinators, other.host_coordinators)
        _check_free(self.verifiers, other.verifiers)
        self.providers.update(other.providers)
        self.host_coordinators.update(other.host_coordinators)
        self.verifiers.update(other.verifiers)


def _load(entry_point: EntryPoint) -> _Offered:
    """Import one plugin and return all that it offers. Its own manager keeps it apart from the others."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(entry_point.load())
    manager.check_pending()  # a hook that nobody declared would be ignored in silence
    providers = _Offer[type[Provider]](Provider, {"kind": str, "settings_model": type})
    hosts = _Offer[type[HostCoordinator]](HostCoordinator, {"kind": str, "settings_model": type})
    verifiers = _Offer[type[Verifier]](Verifier, {"kind": str, "writer_ids": frozenset})
    manager.hook.register_providers(register=providers.register)
    manager.hook.register_host_coordinators(register=hosts.register)
    manager.hook.register_verifiers(register=verifiers.register)
    return _Offered(providers.by_kind, hosts.by_kind, verifiers.by_kind)


class _Offer(Generic[T]):
    """What one plugin offers of one sort."""

    def __init__(self, base: type, attributes: Mapping[str, type]) -> None:
        self._base = base
        self._attributes = attributes
        self.by_kind: dict[str, T] = {}

    def register(self, cls: Any) -> None:
        _check_class(cls, self._base, self._attributes)
        _check_free(self.by_kind, [cls.kind])
        self.by_kind[cls.kind] = cls


def _check_class(cls: object, base: type, attributes: Mapping[str, type]) -> None:
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise _Unfit(f"{cls!r} is not a {base.__name__}")
    if missing := sorted(getattr(cls, "__abstractmethods__", ())):
        raise _Unfit(f"{cls.__name__} lacks {', '.join(missing)}")
    for attribute, form in attributes.items():
        if not isinstance(getattr(cls, attribute, None), form):
            raise _Unfit(f"{cls.__name__} has no {attribute}")


def _check_free(taken: Mapping[str, object], kinds: Iterable[str]) -> None:
    if clash := sorted(set(kinds) & set(taken)):
        raise _Unfit(f"the kind {clash[0]!r} is offered already")


def load_plugins() -> Plugins:
    """Load every plugin of the group `quiesce`, each by itself: what one does wrong harms no other."""
    disabled = {name.strip() for name in os.environ.get(DISABLED_VARIABLE, "").split(",")}
    found = sorted(entry_points(group=GROUP), key=lambda entry_point: entry_point.name)
    everything = _Offered()
    loaded: list[LoadedPlugin] = []
    broken: list[BrokenPlugin] = []
    for entry_point in found:
        if entry_point.name in disabled:
            continue
        try:
            offered = _load(entry_point)
            everything.add(offered)
        except (Exception, SystemExit) as error:  # a stranger's module may raise anything
            log.debug("a plugin does not load", plugin=entry_point.name, exc_info=True)
            broken.append(BrokenPlugin(entry_point.name, _reason(error)))
        else:
            loaded.append(_loaded(entry_point, offered.kinds))
    return Plugins(
        providers=everything.providers,
        host_coordinators=everything.host_coordinators,
        loaded=tuple(loaded),
        broken=tuple(broken),
        disabled=tuple(entry_point.name for entry_point in found if entry_point.name in disabled),
        verifiers=everything.verifiers,
    )


def _loaded(entry_point: EntryPoint, kinds: tuple[str, ...]) -> LoadedPlugin:
    dist = entry_point.dist
    name, version = (dist.name, dist.version) if dist else ("", "")
    return LoadedPlugin(entry_point.name, name, version, entry_point.module, kinds)


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, _Unfit) else f"{type(error).__name__}: {error}"
