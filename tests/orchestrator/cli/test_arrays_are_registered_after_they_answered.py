from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.errors import ArrayError
from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.registry.fakes import Settings, World

VALUE = "hunter2-the-token-itself"


def test_an_array_that_answers_is_registered_with_its_identity(
    quiesce: Quiesce, add_array: Quiesce, world: World, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").touch()
    ended = add_array("fa-01", "--setting", "port=8443", "--ca-file", str(tmp_path / "ca.pem"), "--json")
    assert ended.status == 0
    assert ended.document["schema"] == "quiesce.array/1"
    shown = quiesce("array", "show", "fa-01", "--json").result
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", shown.pop("added_at"))
    assert shown == {
        "name": "fa-01",
        "kind": "fake-array",
        "url": "https://fa-01",
        "secret_ref": "env:PEER_TOKEN",
        "ca_file": str(tmp_path / "ca.pem"),
        "settings": {"port": "8443"},
        "array_id": "array-1",
        "array_name": "fake",
    }
    assert shown.items() <= ended.result.items()
    assert world.settings == [Settings(port=8443)]
    assert world.open_connections == 0


def test_people_read_the_same(quiesce: Quiesce, add_array: Quiesce) -> None:
    assert "Registered." in add_array().out
    assert re.search(r"^fa-01 +fake-array +https://fa-01 +fake$", quiesce("array", "list").out, re.MULTILINE)
    assert re.search(r"^secret ref: +env:PEER_TOKEN$", quiesce("array", "show", "fa-01").out, re.MULTILINE)
    assert re.search(r"^rights missing: +none$", quiesce("array", "test", "fa-01").out, re.MULTILINE)
    assert quiesce("array", "remove", "fa-01").out == "Removed fa-01.\n"
    assert "No array is registered" in quiesce("array", "list").out


def test_a_test_says_who_answers_and_how_quickly(quiesce: Quiesce, add_array: Quiesce, world: World) -> None:
    add_array()
    result = quiesce("array", "test", "fa-01", "--json").result
    assert result["identity"] == {
        "array_id": "array-1",
        "name": "fake",
        "product": "Fake//A",
        "version": "1.0",
        "emulated": True,
    }
    assert result["missing_rights"] == []
    assert abs(result["clock"]["offset_s"] - world.skew_s) <= result["clock"]["error_s"]
    assert result["round_trip_s"] < 0.5


def test_missing_rights_need_attention(quiesce: Quiesce, add_array: Quiesce, world: World) -> None:
    world.missing_rights = ("storage-admin", "snapshot")
    assert add_array("fa-01", "--json").result["missing_rights"] == ["storage-admin", "snapshot"]
    ended = quiesce("array", "test", "fa-01")
    assert (ended.status, "storage-admin, snapshot" in ended.out) == (8, True)
    assert quiesce("array", "test", "fa-01", "--json").result["missing_rights"] == [
        "storage-admin",
        "snapshot",
    ]


def test_another_array_at_the_same_address_is_noticed(
    quiesce: Quiesce, add_array: Quiesce, world: World
) -> None:
    add_array()
    world.array_id = "array-2"
    ended = quiesce("array", "test", "fa-01", "--json")
    assert (ended.status, ended.problem["code"]) == (4, "array.other-identity")


def test_nothing_is_stored_when_the_array_does_not_answer(
    quiesce: Quiesce, add_array: Quiesce, world: World
) -> None:
    world.fault = ArrayError("array.untrusted", "self-signed certificate", subject="fa-01")
    ended = add_array("fa-01", "--json")
    assert (ended.status, ended.problem["code"], ended.document["retryable"]) == (
        4,
        "array.untrusted",
        "later",
    )
    assert quiesce("array", "list", "--json").result == {"arrays": []}


def test_a_wrong_secret_is_said_and_not_shown(
    quiesce: Quiesce, add_array: Quiesce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEER_TOKEN", VALUE)
    ended = add_array("fa-01", "--json")
    assert ended.problem["code"] == "array.login-failed"
    assert VALUE not in ended.out + ended.err
    assert quiesce("array", "list", "--json").result == {"arrays": []}


def test_a_fault_of_a_provider_never_shows_the_secret(
    add_array: Quiesce, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setenv("PEER_TOKEN", VALUE)
    world.fault = RuntimeError(f"sent {VALUE!r}")
    ended = add_array("fa-01", "--json")
    assert (ended.status, ended.problem["code"]) == (1, "internal.fault")
    assert "RuntimeError: sent" in ended.problem["what"]
    assert "Traceback" in ended.err
    assert VALUE not in ended.out + ended.err
    ended = add_array("fa-01")
    assert ended.out == ""
    assert "code: internal.fault" in ended.err
    assert VALUE not in ended.err
    assert add_array("fa-01", "--quiet").err == ""


@pytest.mark.parametrize(
    ("name", "more", "code", "subject"),
    [
        ("a/b", {}, "input.bad-name", "a/b"),
        ("fa-02", {"kind": "no-such"}, "input.unknown-kind", "fa-02"),
        ("fa-02", {"kind": "acme"}, "input.unknown-kind", "fa-02"),
        ("fa-02", {"secret": VALUE}, "input.bad-secret-reference", ""),
        ("fa-02", {"secret": "env:NO_SUCH"}, "input.secret-unreadable", "env:NO_SUCH"),
        ("fa-02", {"secret": "keyring:x"}, "input.not-built", ""),
        ("fa-01", {}, "input.name-taken", "fa-01"),
        ("fa-02", {}, "input.already-registered", "fa-02"),
    ],
)
def test_bad_input_is_refused_with_its_code(
    add_array: Quiesce, quiesce: Quiesce, name: str, more: dict[str, str], code: str, subject: str
) -> None:
    add_array()
    ended = add_array(name, "--json", **more)
    assert ended.status == 2
    assert (ended.problem["code"], ended.problem["subject"]) == (code, subject)
    assert VALUE not in ended.out + ended.err
    assert [each["name"] for each in quiesce("array", "list", "--json").result["arrays"]] == ["fa-01"]


@pytest.mark.parametrize("setting", ["port", "=1", "", "port=1 port=2"])
def test_settings_have_a_key_and_a_value_and_stand_once(add_array: Quiesce, setting: str) -> None:
    settings = [part for pair in setting.split(" ") for part in ("--setting", pair)]
    ended = add_array("fa-01", *settings, "--json")
    assert (ended.status, ended.problem["code"]) == (2, "input.usage")


@pytest.mark.parametrize("verb", ["test", "show", "remove"])
def test_an_unknown_array_is_refused(quiesce: Quiesce, verb: str) -> None:
    ended = quiesce("array", verb, "nobody", "--json")
    assert (ended.status, ended.problem["code"], ended.problem["subject"]) == (
        2,
        "input.unknown-array",
        "nobody",
    )
    text = quiesce("array", verb, "nobody")
    assert text.out == ""
    assert text.err.startswith("error: nobody: ")
    assert "\n  next: List the registered arrays" in text.err
    assert quiesce("array", verb, "nobody", "--quiet").err == ""


def test_a_newer_database_is_refused_in_words(quiesce: Quiesce, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "quiesce.db").write_bytes(b"not a database" * 1000)
    ended = quiesce("array", "list", "--json")
    assert (ended.status, ended.problem["code"]) == (3, "registry.unusable")
