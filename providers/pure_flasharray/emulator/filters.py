"""The filter language of listings."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

from providers.pure_flasharray.emulator.wire import Item, Refusal

Test = Callable[[Item], bool]

_TOKEN: Final = re.compile(r"\s*('[^']*'|<=|>=|!=|[=<>(),]|[A-Za-z0-9_.-]+)")
_PUNCTUATION: Final = ("=", "!=", "<", ">", "<=", ">=", "(", ")", ",")
_ORDERINGS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def check_field(field: str, fields: frozenset[str]) -> None:
    """Refuse a field that the items of a listing do not have."""
    if field.partition(".")[0] not in fields:
        raise Refusal("Invalid field.", field)


def value_of(item: Item, field: str) -> Any:
    """Return a field of an item, `a.b` for a field of a field."""
    value: Any = item
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def parse_filter(text: str, fields: frozenset[str]) -> Test:
    """Return the test that a filter means: comparisons with wildcards or lists, `not`, `and`, `or`."""
    return _Filter(text, fields).whole()


class _Filter:
    def __init__(self, text: str, fields: frozenset[str]) -> None:
        self._text = text
        self._fields = fields
        self._tokens = self._split(text)

    def _split(self, text: str) -> list[str]:
        tokens, position = [], 0
        while text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._invalid()
            tokens.append(match[1])
            position = match.end()
        return tokens[::-1]

    def _invalid(self) -> Refusal:
        return Refusal("Invalid filter.", self._text)

    def _next(self) -> str:
        if not self._tokens:
            raise self._invalid()
        return self._tokens.pop()

    def _take(self, token: str) -> bool:
        found = bool(self._tokens) and self._tokens[-1] == token
        if found:
            self._tokens.pop()
        return found

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._invalid()

    def whole(self) -> Test:
        test = self._either()
        if self._tokens:
            raise self._invalid()
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("or"):
            tests.append(self._both())
        return lambda item: any(test(item) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda item: all(test(item) for test in tests)

    def _one(self) -> Test:
        if self._take("not"):
            test = self._one()
            return lambda item: not test(item)
        if self._take("("):
            test = self._either()
            self._expect(")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        field = self._next()
        check_field(field, self._fields)
        operator = self._next()
        if operator in ("=", "!="):
            values = self._values()
            return lambda item: (
                any(_equal(value_of(item, field), value) for value in values) is (operator == "=")
            )
        value = self._value()
        if operator not in _ORDERINGS:
            raise self._invalid()
        return lambda item: _compare(operator, value_of(item, field), value)

    def _values(self) -> list[str]:
        """Read one value, or several as the vendor's SDK writes them: ('a','b')."""
        if not self._take("("):
            return [self._value()]
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self) -> str:
        token = self._next()
        if token in _PUNCTUATION:
            raise self._invalid()
        return token.strip("'")


def _equal(value: Any, wanted: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == wanted
    return value is not None and fnmatchcase(str(value), wanted.replace("[", "[[]").replace("?", "[?]"))


def _compare(operator: str, value: Any, wanted: str) -> bool:
    try:
        return _ORDERINGS[operator](float(value), float(wanted))
    except (TypeError, ValueError):
        return False
