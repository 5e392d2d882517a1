from __future__ import annotations

from importlib.metadata import EntryPoint, distribution
from typing import Any

import pytest

from orchestrator.plugin import Provider, hookimpl
from orchestrator.registry import plugins
from orchestrator.registry.plugins import BrokenPlugin, load_plugins
from tests.orchestrator.registry.fakes import FakeArray, FakeHost, install, plugin


class OtherArray(FakeArray):
    kind = "other-array"


class Nameless(FakeArray):
    kind = None  # type: ignore[assignment]  # what a careless author may write


class Unfinished(Provider):
    kind = "unfinished"


@hookimpl
def misspelt(register: Any) -> None: ...


@hookimpl
def greedy(register: Any, cli: Any) -> None: ...


def test_providers_and_hosts_are_found_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, one=plugin([FakeArray], [FakeHost]), two=plugin([OtherArray]))
    found = load_plugins()
    assert found.providers == {"fake-array": FakeArray, "other-array": OtherArray}
    assert found.host_coordinators == {"fake-host": FakeHost}
    assert [(each.name, each.module, each.kinds) for each in found.loaded] == [
        ("one", "fake.one", ("fake-array", "fake-host")),
        ("two", "fake.two", ("other-array",)),
    ]
    assert (found.broken, found.disabled) == ((), ())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (ImportError("no module named acme"), "ImportError: no module named acme"),
        (SystemExit(3), "SystemExit: 3"),
        (RecursionError(), "RecursionError: "),
        (plugin([OtherArray, 5]), "5 is not a Provider"),
        (plugin([FakeHost]), "is not a Provider"),
        (plugin([], [FakeArray]), "is not a HostCoordinator"),
        (plugin([OtherArray, Unfinished]), "Unfinished lacks __init__, abort, arm"),
        (plugin([OtherArray, Nameless]), "Nameless has no kind"),
        (plugin([OtherArray, OtherArray]), "the kind 'other-array' is offered already"),
        (plugin([FakeArray]), "the kind 'fake-array' is offered already"),
        (plugin([OtherArray], [FakeHost]), "the kind 'fake-host' is offered already"),
        (plugin([OtherArray], register_provider=misspelt), "unknown hook 'register_provider'"),
        (plugin([OtherArray], register_host_coordinators=greedy), "'cli'"),
        (plugin(register_providers=hookimpl(lambda register: 1 / 0)), "ZeroDivisionError: "),
    ],
)
def test_a_broken_plugin_is_kept_with_its_reason_and_offers_nothing(
    monkeypatch: pytest.MonkeyPatch, bad: object, reason: str
) -> None:
    install(monkeypatch, a_good=plugin([FakeArray], [FakeHost]), bad=bad, z_good=plugin())
    found = load_plugins()
    assert [each.name for each in found.loaded] == ["a-good", "z-good"]
    assert (set(found.providers), set(found.host_coordinators)) == ({"fake-array"}, {"fake-host"})
    (broken,) = found.broken
    assert broken.name == "bad"
    assert reason in broken.reason


def test_a_disabled_plugin_is_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, one=AssertionError("imported"), two=plugin([FakeArray]), three=plugin())
    monkeypatch.setenv(plugins.DISABLED_VARIABLE, " one, three,no-such-plugin")
    found = load_plugins()
    assert (found.disabled, found.broken) == (("one", "three"), ())
    assert [each.name for each in found.loaded] == ["two"]


def test_distribution_and_version_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    (entry_point,) = install(monkeypatch, one=plugin())
    vars(entry_point)["dist"] = pluggy = distribution("pluggy")
    (loaded,) = load_plugins().loaded
    assert (loaded.distribution, loaded.version) == ("pluggy", pluggy.version)


def test_without_any_plugin_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    assert load_plugins().providers == {}


def test_a_module_that_is_gone_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = EntryPoint("gone", "no_such_module_anywhere", "quiesce")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [gone])
    reason = "ModuleNotFoundError: No module named 'no_such_module_anywhere'"
    assert load_plugins().broken == (BrokenPlugin("gone", reason),)
