"""Tries to leak a secret through the log in every way we know; and keeps windows free of writing."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from aiohttp import ClientResponseError, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from orchestrator import logs
from orchestrator.errors import BadInput
from orchestrator.logs import redaction
from orchestrator.plugin import Secret

VALUE = "e448c603/5b09 \"a6f6'fbf3"
UNKNOWN = "dab5bb1c9dd4"  # a secret nobody told us of: only its surroundings give it away


@pytest.fixture(autouse=True)
def clean_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(redaction, "_known", {})
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def buffer() -> logs.WindowBuffer:
    return logs.set_up(logging.DEBUG)


@pytest.fixture
def log(buffer: logs.WindowBuffer) -> Any:
    logs.never_print(Secret(VALUE))
    return structlog.get_logger("test")


@dataclass
class Chatty:
    api_token: str = UNKNOWN
    note: str = VALUE


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def assert_nothing_leaked(capsys: pytest.CaptureFixture[str], entries: int = 1) -> str:
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == entries
    for form in (VALUE, UNKNOWN, json.dumps(VALUE)[1:-1], repr(VALUE)[1:-1], quote(VALUE, safe="")):
        assert form not in captured.err
    assert base64.b64encode(VALUE.encode()).decode() not in captured.err
    assert captured.out == ""
    return captured.err


def answer_with_headers() -> ClientResponseError:
    headers = CIMultiDictProxy(CIMultiDict({"x-auth-token": UNKNOWN, "api-token": VALUE}))
    request = RequestInfo(URL(f"https://array/api?api_token={UNKNOWN}"), "POST", headers)
    return ClientResponseError(request, (), status=401, message=f"login {VALUE}", headers=headers)


LEAKS: dict[str, Any] = {
    "event": {"event": f"login with {VALUE}"},
    "url quoted": {"event": f"GET /login?x={quote(VALUE, safe='')}"},
    "base64": {"event": base64.b64encode(VALUE.encode()).decode()},
    "repr of a str": {"event": repr([VALUE])},
    "json in text": {"event": json.dumps({"x": VALUE})},
    "json in json in text": {"event": json.dumps({"body": json.dumps({"api_token": UNKNOWN})})},
    "secret object": {"x": Secret(VALUE)},
    "secret object in a list": {"x": [Secret(VALUE), {"y": (Secret(VALUE),)}]},
    "value": {"x": VALUE},
    "nested value": {"x": {"y": [{"z": (VALUE,)}]}},
    "key of a mapping": {"x": {VALUE: 1}},
    "bytes": {"x": b"token=" + UNKNOWN.encode()},
    "key": {"token": UNKNOWN},
    "nested key": {"x": {"y": [{"API-Token": UNKNOWN}]}},
    "headers": {"headers": CIMultiDict({"X-Auth-Token": UNKNOWN, "Authorization": f"Basic {UNKNOWN}"})},
    "list of pairs": {"headers": [("Authorization", UNKNOWN), (b"Cookie", UNKNOWN.encode())]},
    "object": {"x": Chatty()},
    "exception as value": {"x": ValueError(f"password={UNKNOWN}")},
    "header line": {"event": f"sent\r\nX-Auth-Token: {UNKNOWN}\r\nHost: array"},
    "cookie line": {"event": f"Set-Cookie: a=b; session={UNKNOWN}"},
    "bearer": {"event": f"Authorization: Bearer {UNKNOWN}"},
    "basic": {"event": f"used Basic {UNKNOWN}"},
    "digest": {"event": f"Authorization: Digest username=x, response={UNKNOWN}"},
    "query": {"event": f"GET https://array/login?user=x&api_token={UNKNOWN}&y=1"},
    "userinfo": {"event": f"GET https://admin:{UNKNOWN}@array/"},
    "repr of a dict": {"event": f"{ {'password': UNKNOWN}!r}"},
    "repr of raw headers": {"event": f"{((b'x-auth-token', UNKNOWN.encode()),)!r}"},
    "too deep": {"x": [[[[[[[[[[[[{"api_token": UNKNOWN}]]]]]]]]]]]]},
}


@pytest.mark.parametrize("leak", LEAKS)
def test_no_call_of_structlog_gives_a_secret_away(
    log: Any, capsys: pytest.CaptureFixture[str], leak: str
) -> None:
    entry = dict(LEAKS[leak])
    log.warning(entry.pop("event", "something"), **entry)
    assert "redacted" in assert_nothing_leaked(capsys)


@pytest.mark.parametrize("leak", LEAKS)
def test_nor_does_the_standard_library(log: Any, capsys: pytest.CaptureFixture[str], leak: str) -> None:
    logging.getLogger("aiohttp.client").debug("%s", LEAKS[leak])
    assert re.search(r"redacted|Secret\(", assert_nothing_leaked(capsys))


@pytest.mark.parametrize("leak", LEAKS)
def test_nor_does_a_terminal(
    log: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, leak: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    entry = dict(LEAKS[leak])
    log.warning(entry.pop("event", "something"), **entry)
    captured = capsys.readouterr().err
    assert VALUE not in captured
    assert UNKNOWN not in captured
    assert not captured.startswith("{")


def test_no_traceback_gives_a_secret_away(log: Any, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        try:
            raise ValueError(f"token {VALUE!r} and password='{UNKNOWN}'")
        except ValueError as error:
            error.add_note(f"x-auth-token: {UNKNOWN}")
            raise ExceptionGroup(f"secret={UNKNOWN}", [error, answer_with_headers()]) from error
    except ExceptionGroup:
        log.exception("failed")
        logging.getLogger("asyncio").exception("failed with %s", answer_with_headers())
    assert "ExceptionGroup" in assert_nothing_leaked(capsys, entries=2)


def test_context_variables_are_redacted(log: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with structlog.contextvars.bound_contextvars(run_id="r1", password=UNKNOWN):
        log.warning("x")
    assert '"run_id": "r1"' in assert_nothing_leaked(capsys)


def test_an_entry_that_cannot_be_written_is_reported_without_its_contents(
    log: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise ValueError(UNKNOWN)

    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if "_pytest" not in type(handler).__module__]
    log.warning("x", y=Broken(), z=UNKNOWN)
    logging.getLogger("x").warning("%d", UNKNOWN)
    assert "could not be written" in assert_nothing_leaked(capsys, entries=2)


def test_a_structure_that_holds_itself_is_logged(log: Any, capsys: pytest.CaptureFixture[str]) -> None:
    loop: list[Any] = [VALUE]
    loop.append(loop)
    log.warning("x", y=loop)
    assert_nothing_leaked(capsys)


def test_what_is_no_secret_stays(log: Any, capsys: pytest.CaptureFixture[str]) -> None:
    log.warning("cut made", array="fa-01", ms=12.5, ok=True, none=None, ids=["a", 1])
    (entry,) = lines(capsys)
    del entry["timestamp"]
    assert entry == {
        "event": "cut made", "array": "fa-01", "ms": 12.5, "ok": True, "none": None, "ids": ["a", 1],
        "level": "warning", "logger": "test",
    }  # fmt: skip


def test_problem_texts_lose_known_secrets_only(log: Any) -> None:
    assert logs.redact_known(f"env:FA_TOKEN: not set ({VALUE})") == "env:FA_TOKEN: not set ([redacted])"


def test_nothing_is_written_inside_a_window(
    log: Any, buffer: logs.WindowBuffer, capsys: pytest.CaptureFixture[str]
) -> None:
    buffer.hold()
    log.warning("first", x=Secret(VALUE))
    buffer.hold()
    logging.getLogger("aiohttp").error("second")
    buffer.release()
    assert capsys.readouterr().err == ""
    buffer.release()
    first, second = lines(capsys)
    assert (first["event"], first["x"], second["event"]) == ("first", "[redacted]", "second")
    assert first["timestamp"] <= second["timestamp"]
    log.warning("third")
    assert [entry["event"] for entry in lines(capsys)] == ["third"]


def test_an_entry_keeps_the_time_of_its_making(
    log: Any, buffer: logs.WindowBuffer, capsys: pytest.CaptureFixture[str]
) -> None:
    made_at: list[float] = []

    class Watch(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            record.created -= 3600  # as if the window had been open for an hour
            made_at.append(record.created)
            return True

    logging.getLogger("test").addFilter(watch := Watch())
    buffer.hold()
    log.warning("x")
    buffer.release()
    logging.getLogger("test").removeFilter(watch)
    (entry,) = lines(capsys)
    assert datetime.fromisoformat(entry["timestamp"]).timestamp() == pytest.approx(made_at[0], abs=0.002)


def test_a_release_too_many_does_no_harm(
    log: Any, buffer: logs.WindowBuffer, capsys: pytest.CaptureFixture[str]
) -> None:
    buffer.release()
    buffer.hold()
    log.warning("kept back")
    assert capsys.readouterr().err == ""  # the next window holds all the same
    buffer.release()
    assert "kept back" in capsys.readouterr().err


def test_a_flood_inside_a_window_keeps_the_newest(
    buffer: logs.WindowBuffer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    target = logging.Handler()
    monkeypatch.setattr(target, "handle", lambda record: written.append(record.getMessage()))
    small = logs.WindowBuffer(target)
    small.hold()
    for number in range(10_002):
        small.take(logging.makeLogRecord({"msg": str(number)}))
    small.release()
    assert (len(written), written[0], written[-1]) == (10_000, "2", "10001")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", ["warning"]),
        ("debug", ["debug", "info", "warning"]),
        ("INFO", ["info", "warning"]),
        ("error", []),
    ],
)
def test_the_environment_sets_the_level(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: str, shown: list[str]
) -> None:
    monkeypatch.setenv(logs.LEVEL_VARIABLE, value)
    logs.set_up()
    for level in ("debug", "info", "warning"):
        getattr(structlog.get_logger(), level)("x")
    assert [entry["level"] for entry in lines(capsys)] == shown


def test_setting_up_twice_writes_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(logging.INFO)
    logs.set_up(logging.INFO)
    structlog.get_logger().info("x")
    assert len(lines(capsys)) == 1


def test_silence_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(logs.SILENT)
    structlog.get_logger().critical("x")
    assert lines(capsys) == []


def test_an_unknown_level_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(logs.LEVEL_VARIABLE, "loud")
    with pytest.raises(BadInput, match=r"debug, info, warning, error") as caught:
        logs.set_up()
    assert (caught.value.code, caught.value.subject) == ("input.bad-environment", logs.LEVEL_VARIABLE)
