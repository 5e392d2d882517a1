"""Filter, sort and paging, the same for every resource."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

from providers.pure_flasharray.emulator.filters import check_field, parse_filter, value_of
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

MAX_PAGE: Final = 1000  # the array answers no more than this at a time


def page(items: list[Item], call: Call, fields: frozenset[str]) -> dict[str, Any]:
    """Return the envelope of a listing: filtered, sorted, and one page of it."""
    if "filter" in call.query:
        test = parse_filter(call.query["filter"], fields)
        items = [item for item in items if test(item)]
    items = _sorted(items, call.listed("sort"), fields)
    limit = call.number("limit")
    start = _position(call)
    shown = items[start : start + min(MAX_PAGE if limit is None else limit, MAX_PAGE)]
    end = start + len(shown)
    more = end < len(items) and limit != 0
    return {
        "continuation_token": base64.b64encode(str(end).encode()).decode() if more else None,
        "items": shown,
        "more_items_remaining": more,
        "total_item_count": len(items) if limit == 0 or call.flag("total_item_count") else None,
    }


def _position(call: Call) -> int:
    token = call.query.get("continuation_token")
    if token is None:
        return call.number("offset") or 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        raise Refusal("Invalid continuation token.", token) from None


def _sorted(items: list[Item], keys: Sequence[str], fields: frozenset[str]) -> list[Item]:
    for key in reversed(keys):  # a stable sort by the last key first is a sort by all of them
        field = key.removesuffix("-")
        check_field(field, fields)
        items = sorted(items, key=lambda item: _order(value_of(item, field)), reverse=key.endswith("-"))
    return items


def _order(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if isinstance(value, int | float) else str(value))
