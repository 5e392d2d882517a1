from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from orchestrator.errors import BadInput
from orchestrator.plugin import Secret
from orchestrator.registry.connections import Connections
from orchestrator.registry.endpoints import Endpoint
from orchestrator.registry.plugins import load_plugins
from tests.orchestrator.registry import fakes
from tests.orchestrator.registry.fakes import TOKEN, FakeArray, FakeHost, Settings, World, install, plugin

ENDPOINT: dict[str, Any] = {
    "name": "fa-01",
    "kind": "fake-array",
    "url": "https://fa-01:8443/api",
    "secret_ref": "env:FA_TOKEN",
    "ca_file": None,
    "settings": {},
}


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(fakes, "WORLD", World())
    monkeypatch.setenv("FA_TOKEN", TOKEN)
    install(monkeypatch, fake=plugin([FakeArray], [FakeHost]), acme=ImportError("acme is not installed"))
    return fakes.WORLD


@pytest.fixture
def announced() -> list[Secret]:
    return []


@pytest.fixture
def connections(announced: list[Secret]) -> Connections:
    return Connections(load_plugins(), announced.append)


def endpoint(**changes: Any) -> Endpoint:
    return Endpoint(**(ENDPOINT | changes))


def test_a_provider_gets_its_context_and_settings(
    connections: Connections, world: World, announced: list[Secret], tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    provider = connections.provider(endpoint(ca_file=str(ca_file), settings={"port": "8443"}))
    assert isinstance(provider, FakeArray)
    (context,) = world.contexts
    assert (context.name, context.url, context.ca_file) == ("fa-01", "https://fa-01:8443/api", ca_file)
    assert context.secret.reveal() == TOKEN
    assert announced == [context.secret]
    assert world.settings == [Settings(port=8443)]
    assert world.open_connections == 0


def test_a_host_is_built_likewise(connections: Connections) -> None:
    assert isinstance(connections.host(endpoint(kind="fake-host")), FakeHost)


@pytest.mark.parametrize(
    ("changes", "code", "complaint"),
    [
        ({"kind": "fake-host"}, "input.unknown-kind", "loaded are: fake-array"),
        ({"kind": "acme"}, "input.unknown-kind", "ImportError: acme is not installed"),
        ({"secret_ref": "env:NO_SUCH_VARIABLE"}, "input.secret-unreadable", "not set"),
        ({"secret_ref": ""}, "input.bad-settings", "needs a secret"),
        ({"secret_ref": "hunter2"}, "input.bad-secret-reference", "not a reference"),
        ({"ca_file": "/no/such/ca.pem"}, "input.bad-settings", "/no/such/ca.pem"),
        ({"settings": {"prot": "1"}}, "input.bad-settings", "`prot` is unknown; the kind 'fake-array' has"),
        ({"settings": {"port": "many"}}, "input.bad-settings", "`port` does not fit"),
        ({"settings": {"port": "0"}}, "input.bad-settings", "`port` does not fit"),
        ({"url": "fa-01"}, "input.bad-settings", "URL"),
        ({"url": ""}, "input.bad-settings", "URL"),
        ({"url": "https://[fa-01"}, "input.bad-settings", "URL"),
        ({"url": "https://fa 01"}, "input.bad-settings", "URL"),
        ({"url": "https://fa\n01"}, "input.bad-settings", "URL"),
        ({"url": "https://admin:hunter2@fa-01"}, "input.bad-settings", "carries credentials"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_before_anything_is_built(
    connections: Connections, world: World, changes: dict[str, Any], code: str, complaint: str
) -> None:
    with pytest.raises(BadInput) as caught:
        connections.provider(endpoint(**changes))
    assert caught.value.code == code
    assert complaint in caught.value.what
    assert "hunter2" not in f"{caught.value!r}{caught.value.subject}{caught.value.remedy}"
    assert world.contexts == []


def test_a_kind_without_a_secret_gets_none_and_none_is_announced(
    connections: Connections, announced: list[Secret], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeHost, "needs_secret", False)
    host = connections.host(endpoint(kind="fake-host", secret_ref=""))
    assert isinstance(host, FakeHost)
    assert host.context.secret.reveal() == ""
    assert announced == []


def test_a_disabled_kind_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, fake_array=plugin([FakeArray]))
    monkeypatch.setenv("QUIESCE_DISABLED_PLUGINS", "fake-array")
    with pytest.raises(BadInput, match="disabled"):
        Connections(load_plugins(), announce=lambda secret: None).provider(endpoint())


def test_a_kind_may_take_settings_it_does_not_list(monkeypatch: pytest.MonkeyPatch) -> None:
    class Open(BaseModel, extra="allow"): ...

    class OpenArray(FakeArray):
        settings_model = Open

    install(monkeypatch, fake=plugin([OpenArray]))
    connections = Connections(load_plugins(), announce=lambda secret: None)
    connections.provider(endpoint(settings={"anything": "goes"}))
