"""From a registered array or host to the object that speaks to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from orchestrator.errors import BadInput
from orchestrator.plugin import HostCoordinator, Provider, ProviderContext, Secret
from orchestrator.registry.endpoints import Endpoint
from orchestrator.registry.plugins import Plugins
from orchestrator.registry.secret_reference import SecretReference


@dataclass(frozen=True, slots=True)
class Connections:
    """Builds providers and host coordinators. What it returns is not connected yet.

    Attributes:
        plugins: who offers which kind.
        announce: told of each secret before anybody else gets it, so that it can be kept out of the logs.
    """

    plugins: Plugins
    announce: Callable[[Secret], None]

    def provider(self, endpoint: Endpoint) -> Provider:
        """Return the provider for an array.

        Raises:
            BadInput: the kind, the address, the secret or a setting does not fit.
        """
        known = self.plugins.providers
        cls = known.get(endpoint.kind) or self._unknown_kind(endpoint, known)
        settings = _settings(endpoint, cls.settings_model)
        return cls(self._context(endpoint, needs_secret=cls.needs_secret), settings)

    def host(self, endpoint: Endpoint) -> HostCoordinator:
        """Return the coordinator for a host.

        Raises:
            BadInput: the kind, the address, the secret or a setting does not fit.
        """
        known = self.plugins.host_coordinators
        cls = known.get(endpoint.kind) or self._unknown_kind(endpoint, known)
        settings = _settings(endpoint, cls.settings_model)
        return cls(self._context(endpoint, needs_secret=cls.needs_secret), settings)

    def _context(self, endpoint: Endpoint, *, needs_secret: bool) -> ProviderContext:
        _check_url(endpoint)
        ca_file = None if endpoint.ca_file is None else Path(endpoint.ca_file)
        if ca_file is not None and not ca_file.is_file():
            raise BadInput("input.bad-settings", f"There is no CA file {ca_file}.", subject=endpoint.name)
        secret = self._secret(endpoint) if needs_secret or endpoint.secret_ref else Secret("")
        return ProviderContext(name=endpoint.name, url=endpoint.url, secret=secret, ca_file=ca_file)

    def _secret(self, endpoint: Endpoint) -> Secret:
        if not endpoint.secret_ref:
            what = f"The kind {endpoint.kind!r} needs a secret; name where it stands with --secret."
            raise BadInput("input.bad-settings", what, subject=endpoint.name)
        secret = SecretReference.parse(endpoint.secret_ref).resolve()
        self.announce(secret)
        return secret

    def _unknown_kind(self, endpoint: Endpoint, known: Mapping[str, object]) -> NoReturn:
        kinds = ", ".join(sorted(known)) or "none"
        what = f"No plugin offers the kind {endpoint.kind!r}; loaded are: {kinds}."
        # Entry points are named after their kind by custom, which is all we know of a plugin that is broken.
        for broken in self.plugins.broken:
            if broken.name == endpoint.kind:
                what += f" A plugin of this name failed to load: {broken.reason}"
        if endpoint.kind in self.plugins.disabled:
            what += " A plugin of this name is disabled."
        raise BadInput("input.unknown-kind", what, subject=endpoint.name)


def _check_url(endpoint: Endpoint) -> None:
    try:
        address = urlsplit(endpoint.url)
        fits = bool(address.scheme) and endpoint.url.isprintable() and " " not in endpoint.url
    except ValueError:
        fits = False
    else:
        if address.username is not None:
            what = "The URL carries credentials; give them with --secret instead."
            raise BadInput("input.bad-settings", what, subject=endpoint.name)
    if not fits:
        what = "The URL is none: it needs a form like https://array.example."
        raise BadInput("input.bad-settings", what, subject=endpoint.name)


def _settings(endpoint: Endpoint, model: type[BaseModel]) -> BaseModel:
    """Return the settings as the kind's own schema reads them; a key that it does not know is an error."""
    unknown = sorted(set(endpoint.settings) - set(model.model_fields))
    if unknown and model.model_config.get("extra") != "allow":
        known = ", ".join(model.model_fields) or "none"
        what = f"The setting `{unknown[0]}` is unknown; the kind {endpoint.kind!r} has: {known}."
        raise BadInput("input.bad-settings", what, subject=endpoint.name)
    try:
        return model.model_validate(endpoint.settings)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        what = f"The setting `{key}` does not fit: {first['msg']}."
        raise BadInput("input.bad-settings", what, subject=endpoint.name) from None
