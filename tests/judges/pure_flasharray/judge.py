"""What a flow is given: the vendor's SDK, one emulated array of its own, and the lab's controls."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.request import Request, urlopen


@dataclass(frozen=True)
class Judge:
    """One array, as `quiesce lab array` announced it, seen through the vendor's SDK.

    The SDK is installed in another environment than ours, so it is imported by name.
    """

    array: Mapping[str, Any]

    @property
    def sdk(self) -> Any:
        """The vendor's module."""
        return import_module("pypureclient.flasharray")

    @property
    def api_token(self) -> str:
        """The token of the account that may do everything."""
        return str(self.array["credentials"]["api_token"])

    def serial(self, name: str) -> str:
        """The serial of an array volume that the array started with."""
        return next(str(row["serial"]) for row in self.array["volumes"] if row["name"] == name)

    def client(self, **settings: Any) -> Any:
        """Return a client that is logged in and verifies the array's certificate."""
        configuration = import_module("pypureclient.configuration").Configuration(
            ssl_ca_cert=settings.pop("ca_file", self.array["ca_file"])
        )
        configuration.verify_ssl = True
        settings = {"api_token": self.api_token, **settings}
        target = self.array["url"].removeprefix("https://")
        return self.sdk.Client(target=target, configuration=configuration, **settings)

    def control(self, name: str, body: Mapping[str, Any] | None = None) -> Any:
        """Use one of the lab's controls: GET without a body, POST with one."""
        request = Request(  # noqa: S310 - the URL is the lab's own announcement
            f"{self.array['control']['url']}/{name}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Lab-Key": self.array["control"]["key"], "Content-Type": "application/json"},
        )
        trust = ssl.create_default_context(cafile=self.array["ca_file"])
        with urlopen(request, context=trust) as response:  # noqa: S310 - as above
            return json.load(response)

    def inject(self, fault: str, call: str, **settings: Any) -> None:
        """Make the array misbehave."""
        self.control("faults", {"name": fault, "call": call, **settings})

    def statuses(self, call: str) -> list[int]:
        """Return how such requests were answered, in their order; 0 for an answer that was dropped."""
        return [entry["status"] for entry in self.control("calls")["calls"] if entry["call"] == call]

    def count(self, call: str) -> int:
        """Return how many such requests reached the array."""
        return len(self.statuses(call))


def done(response: Any) -> list[Any]:
    """Return the items of a request that was carried out."""
    assert type(response).__name__ == "ValidResponse", response
    assert response.status_code == 200
    return list(response.items)


def refused(response: Any, status: int = 400) -> Any:
    """Return the error of a request that was refused: the SDK returns it, it raises nothing."""
    assert type(response).__name__ == "ErrorResponse", response
    assert response.status_code == status, response
    return response.errors[0]


def raised(expected: type[Exception], call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Return what a call said when it raised: class and message."""
    try:
        call(*args, **kwargs)
    except expected as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("nothing was raised")
