from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import ValidationError

from orchestrator.errors import ArrayAnswerLost, ArrayError, BadInput
from orchestrator.plugin import ProviderContext, Secret
from providers.qemu_block.client import Monitor, Patience
from providers.qemu_block.provider import NEEDED, QemuBlockProvider, QemuBlockSettings
from providers.qemu_block.store import IDENTITY, Store
from tests.providers.qemu_block.daemon import TestDaemon
from tests.providers.qemu_block.desk import Desk, connected, provider_for

SHORT: Final = Patience(connect_s=0.3, ask_s=0.3, change_s=0.3, stall_s=0.3)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait end soon."""
    monkeypatch.setattr("providers.qemu_block.client.Patience", lambda: SHORT)


# -------------------------------------------------------------------- settings and address


@pytest.mark.parametrize(
    "url",
    ["https://array", "unix://host/socket", "unix:", "unix:///s?x=1", "/path/qmp.sock", "unix:relative"],
)
def test_an_address_of_another_form_is_refused(url: str, tmp_path: Path) -> None:
    settings = QemuBlockSettings(exports=tmp_path, folder=tmp_path)
    with pytest.raises(BadInput) as caught:
        QemuBlockProvider(ProviderContext("shelf", url, Secret("")), settings)
    assert caught.value.code == "input.bad-settings"


@pytest.mark.parametrize(
    "settings", [{"exports": "relative"}, {"folder": "relative"}, {"other": 1}, {"reserve_mib": -1}]
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        QemuBlockSettings.model_validate({"exports": "/e", "folder": "/f", **settings})


def test_it_needs_no_secret_and_says_where_it_writes(tmp_path: Path) -> None:
    settings = QemuBlockSettings(exports=tmp_path / "e", folder=tmp_path / "f")
    provider = QemuBlockProvider(ProviderContext("shelf", "unix:///s", Secret("")), settings)
    assert not provider.needs_secret
    assert provider.local_paths == (tmp_path / "f", tmp_path / "e")


# -------------------------------------------------------------------- the folder's identity


def test_an_array_is_the_same_for_ever(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(0o700)
    first = Store(tmp_path / "a", "shelf").open()
    assert Store(tmp_path / "a", "shelf").open() == first
    (tmp_path / "b").mkdir(0o700)
    assert Store(tmp_path / "b", "shelf").open() != first
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [IDENTITY, "clones"]


def test_two_that_come_first_at_once_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    other: list[str] = []
    link = os.link

    def meanwhile(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        other.append(Store(tmp_path, "other").open())
        link(source, target)

    monkeypatch.setattr(os, "link", meanwhile)
    assert [Store(tmp_path, "shelf").open()] == other
    assert [path.name for path in tmp_path.glob(f"{IDENTITY}*")] == [IDENTITY]


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"array_id": "x"}', b'{"array_id": 1}'])
def test_a_damaged_identity_is_not_made_up_anew(tmp_path: Path, damage: bytes) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / IDENTITY).write_bytes(damage)
    with pytest.raises(ArrayError) as caught:
        Store(tmp_path, "shelf").open()
    assert caught.value.code == "array.store-not-usable"
    assert (tmp_path / IDENTITY).read_bytes() == damage


def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    for folder in (tmp_path / "open", tmp_path / "none"):
        with pytest.raises(ArrayError) as caught:
            Store(folder, "shelf").open()
        assert caught.value.code == "array.store-not-usable"


# -------------------------------------------------------------------- what answers at the address


@contextmanager
def answering(path: Path, *lines: bytes) -> Iterator[None]:
    """Let something answer one connection with a line for each line it gets, the first one unasked."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_answer, args=(listener, lines))
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _answer(listener: socket.socket, lines: tuple[bytes, ...]) -> None:
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    with connection:
        for number, line in enumerate(lines):
            if number and not connection.recv(65536):
                return
            connection.sendall(line + b"\n")


GREETING: Final = json.dumps({"QMP": {"version": {}, "capabilities": []}}).encode()


@pytest.mark.parametrize(
    ("lines", "code", "words"),
    [
        ((), "array.unreachable", "hung up"),
        ((b"SSH-2.0",), "array.bad-answer", "does not speak QMP"),
        ((b'{"hello": 1}',), "array.bad-answer", "does not speak QMP"),
        ((GREETING, b'{"error": {"class": "A", "desc": "no"}}'), "array.bad-answer", "does not speak QMP"),
    ],
)
async def test_what_is_no_monitor_is_named(
    tmp_path: Path, lines: tuple[bytes, ...], code: str, words: str
) -> None:
    path = tmp_path / "s"
    with answering(path, *lines):
        monitor = Monitor(str(path), "shelf", SHORT)
        with pytest.raises(ArrayError, match=words) as caught:
            await monitor.open()
        await monitor.close()
    assert caught.value.code == code


@pytest.mark.parametrize("answer", [b'{"return": 1, "id": "__qmp#00000"}', b'{"id": "__qmp#00000"}'])
async def test_an_answer_of_another_form_is_named(tmp_path: Path, answer: bytes) -> None:
    settings = QemuBlockSettings(exports=tmp_path, folder=tmp_path)
    provider = QemuBlockProvider(ProviderContext("shelf", f"unix://{tmp_path}/s", Secret("")), settings)
    with answering(tmp_path / "s", GREETING, b'{"return": {}}', answer):
        await provider._daemon.monitor.open()
        with pytest.raises(ArrayError) as caught:
            await provider.identify()
        await provider.close()
    assert caught.value.code == "array.bad-answer"


async def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        monitor = Monitor(str(tmp_path / name), "shelf", SHORT)
        with pytest.raises(ArrayError) as caught:
            await monitor.open()
        assert caught.value.code == "array.unreachable"
        await monitor.close()


async def test_a_path_that_we_may_not_use_is_not_permitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def denied(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", denied)
    with pytest.raises(ArrayError) as caught:
        await Monitor(str(tmp_path / "s"), "shelf", SHORT).open()
    assert caught.value.code == "array.not-permitted"


# -------------------------------------------------------------------- the real one


@pytest.mark.real
async def test_it_says_who_it_is(served: TestDaemon) -> None:
    async with connected(served) as first, asyncio.timeout(5):
        identity = await first.identify()
        assert (identity.name, identity.product, identity.emulated) == ("shelf", "qemu-storage-daemon", False)
        assert identity.version.startswith("7.2.")
        assert first.local_paths == (served.folder, served.exports, served.home)
    async with connected(served) as second:
        assert await second.identify() == identity


@pytest.mark.real
async def test_a_second_client_of_one_monitor_is_told_so(served: TestDaemon, impatient: None) -> None:
    async with connected(served) as first:
        second = provider_for(served)
        with pytest.raises(ArrayError, match="somebody else is connected") as caught:
            await second.connect()
        assert caught.value.code == "array.unreachable"
        await first.clock()
    async with connected(served) as third:
        await third.clock()


@pytest.mark.real
async def test_a_connection_lost_between_requests_is_made_again(served: TestDaemon) -> None:
    async with connected(served) as provider:
        served.restart()
        await provider.clock()
        await provider.close()
        await provider.close()


@pytest.mark.real
async def test_rights_in_vendor_words(served: TestDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(served) as provider:
        assert await provider.missing_rights() == ()
        known = Monitor.ask

        async def fewer(self: Monitor, command: str, arguments: Any = None) -> Any:
            rows = await known(self, command, arguments)
            return [row for row in rows if row["name"] not in NEEDED[:2]]

        monkeypatch.setattr(Monitor, "ask", fewer)
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setattr(os, "access", lambda *_: False)
        monkeypatch.setattr(shutil, "which", lambda _: None)
        assert await provider.missing_rights() == (
            f"QMP command {NEEDED[0]}",
            f"QMP command {NEEDED[1]}",
            f"writing to {served.folder}",
            "making loop devices (root)",
            "the program losetup",
        )


@pytest.mark.real
async def test_events_that_nobody_reads_are_not_kept(served: TestDaemon) -> None:
    async with connected(served) as provider:
        await (await Desk.plan(served, provider)).arm()
        client = provider._daemon.monitor._client
        assert client is not None
        assert client.events.empty()


@pytest.mark.real
async def test_a_daemon_that_reads_nothing_is_left_at_once(served: TestDaemon, impatient: None) -> None:
    before = asyncio.all_tasks()
    async with connected(served) as provider:
        with served.paused():
            with pytest.raises(ArrayAnswerLost):
                await provider._daemon.monitor.change("blockdev-del", {"node-name": "x" * (4 << 20)})
            async with asyncio.timeout(1):
                await provider.close()
    assert asyncio.all_tasks() == before


@pytest.mark.real
async def test_nothing_is_left_of_a_connection(served: TestDaemon) -> None:
    before = asyncio.all_tasks()
    async with connected(served) as provider:
        await provider.clock()
        with served.paused():
            asking = asyncio.create_task(provider.clock())
            await asyncio.sleep(0.02)
            await provider.close()
            with pytest.raises(ArrayError, match="not connected"):
                await asking
    assert asyncio.all_tasks() == before
