from __future__ import annotations

import re

import pytest

from orchestrator.cli.errors import exit_status_of_code
from orchestrator.errors import CATALOGUE
from orchestrator.errors.ese_errors import ESE_ERRORS
from orchestrator.errors.event_ids import EVENTS
from orchestrator.errors.hresults import HRESULTS
from tests.orchestrator.cli.conftest import Quiesce


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_has_an_exit_status(code: str) -> None:
    assert 1 <= exit_status_of_code(code) <= 8


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("input.bad-key", 2),
        ("policy.break-off-refused", 3),
        ("host.gone", 4),
        ("array.answer-lost", 4),
        ("window.expired", 4),
        ("proof.map-changed", 4),
        ("run.interrupted", 4),
        ("evidence.malformed", 5),
        ("run.in-doubt", 6),
        ("internal.fault", 1),
    ],
)
def test_the_statuses_are_those_of_the_contract(quiesce: Quiesce, code: str, status: int) -> None:
    (error,) = quiesce("errors", code, "--json").result["errors"]
    assert error == {"code": code, **CATALOGUE[code]._asdict(), "exit_status": status}


def test_a_code_is_explained_in_words(quiesce: Quiesce) -> None:
    text = quiesce("errors", "policy.break-off-refused").out
    assert re.search(r"cause: .*third-mirror break-off.*\n  next: .*ESEUTIL.*\n  exit status: 3\n", text)


@pytest.mark.parametrize("code", ["0x80042314", "0X80042314", "2147754772", "-2147212524"])
def test_hresults_are_explained_as_any_tool_prints_them(quiesce: Quiesce, code: str) -> None:
    (error,) = quiesce("errors", code, "--json").result["errors"]
    assert (error["code"], error["name"]) == ("0x80042314", "VSS_E_HOLD_WRITES_TIMEOUT")
    assert "0x80042314 VSS_E_HOLD_WRITES_TIMEOUT" in quiesce("errors", code).out


def test_the_status_that_means_success_is_explained_too(quiesce: Quiesce) -> None:
    assert "success" in quiesce("errors", "0x0004230A").out


def test_without_a_code_all_are_listed(quiesce: Quiesce) -> None:
    listed = quiesce("errors", "--json").result["errors"]
    assert [each["code"] for each in listed] == [
        *CATALOGUE,
        *(f"0x{code:08X}" for code in HRESULTS),
        *map(str, ESE_ERRORS),
        *(f"EVENT:{number}" for number in EVENTS),
    ]
    assert len(quiesce("errors").out.splitlines()) == len(listed)


def test_a_status_code_says_whether_to_try_again(quiesce: Quiesce) -> None:
    (error,) = quiesce("errors", "-2147212302", "--json").result["errors"]
    assert (error["code"], error["retry_class"]) == ("0x800423F2", "later")
    assert error["retry"] == "a new set after 10 minutes, three times at most"
    assert "  again: later - a new set after 10 minutes" in quiesce("errors", "0x800423F2").out
    assert "again:" not in quiesce("errors", "host.gone").out


@pytest.mark.parametrize("code", ["-1018", "0xfffffc06", "0xFFFFFC06"])
def test_numbers_of_the_database_engine_stay_its_own(quiesce: Quiesce, code: str) -> None:
    assert quiesce("errors", code).out.startswith("-1018 JET_errReadVerifyFailure\n  cause: ")


def test_events_of_the_host_are_explained_and_those_recalled_say_so(quiesce: Quiesce) -> None:
    confirmed, recalled = quiesce("errors", "EVENT:2004").out, quiesce("errors", "event:2027").out
    assert confirmed.startswith("EVENT:2004 ESE\n")
    assert "from memory" not in confirmed
    assert recalled.startswith("EVENT:2027 MSExchangeRepl\n")
    assert "from memory" in recalled


@pytest.mark.parametrize(
    "code", ["no.such-code", "0x1", "5", "", "0x123456789", "-", "2004", "EVENT:2", "EVENT:", "-9999"]
)
def test_an_unknown_code_is_refused(quiesce: Quiesce, code: str) -> None:
    ended = quiesce("errors", "--json", "--", code)
    assert (ended.status, ended.problem["code"], ended.problem["subject"]) == (2, "input.unknown-code", code)


def test_plugins_lists_what_loaded_and_what_did_not(
    quiesce: Quiesce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIESCE_DISABLED_PLUGINS", "away")
    result = quiesce("plugins", "--json").result
    (loaded,) = result.pop("loaded")
    assert (loaded["name"], loaded["kinds"]) == ("fake", ["fake-array", "fake-host"])
    assert result == {
        "broken": [{"name": "acme", "reason": "ImportError: acme is missing"}],
        "disabled": [],
        "array_kinds": ["fake-array"],
        "host_kinds": ["fake-host"],
    }
    text = quiesce("plugins").out
    assert re.search(r"^acme +BROKEN +ImportError: acme is missing$", text, re.MULTILINE)
    monkeypatch.setenv("QUIESCE_DISABLED_PLUGINS", "fake")
    assert re.search(r"^fake +disabled$", quiesce("plugins").out, re.MULTILINE)


def test_the_traceback_of_a_broken_plugin_is_there_for_its_author(
    quiesce: Quiesce, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quiesce("plugins").err == ""
    monkeypatch.setenv("QUIESCE_LOG", "debug")
    assert "Traceback" in quiesce("plugins").err
    assert quiesce("plugins", "--quiet").err == ""
    monkeypatch.setenv("QUIESCE_LOG", "loud")
    assert quiesce("plugins", "--json").problem["code"] == "input.bad-environment"
