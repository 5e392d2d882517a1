"""Parameters and body fields: only those that the route knows, each of its type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from providers.pure_flasharray.emulator.routes import Fields, Route
from providers.pure_flasharray.emulator.wire import Call, Refusal


async def read_call(request: web.Request, route: Route, faults: frozenset[str]) -> Call:
    """Return the request as its handler sees it, or refuse it."""
    query = request.query
    for key in query:
        if key not in route.query:
            raise Refusal("Invalid or unsupported query parameter.", key)
        if len(query.getall(key)) > 1:
            raise Refusal("Query parameter given twice: its values are separated by commas.", key)
    text = await request.text()  # the vendor's SDK also sends a JSON content type with an empty body
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        raise Refusal("The body is not JSON.") from None
    _check_fields("body", body, route.body)
    return Call(dict(query), body, faults)


def _check_fields(name: str, value: Any, known: Fields) -> None:
    if not isinstance(value, dict):
        raise Refusal("Must be an object.", name)
    for key, part in value.items():
        if key not in known:
            raise Refusal("Invalid or unsupported field.", key)
        expected = known[key]
        if isinstance(expected, Mapping):
            _check_fields(key, part, expected)
        elif expected is list:
            if not isinstance(part, list) or not all(isinstance(entry, str) for entry in part):
                raise Refusal("Must be a list of strings.", key)
        elif type(part) is not expected:
            raise Refusal(f"Must be of type {expected.__name__}.", key)
