"""Certificates are always checked, and no secret gets out by way of an error."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from orchestrator.errors import ArrayError, BadInput
from orchestrator.lab.certificates import LabCertificates
from providers.shared.rest import RestArray
from tests.providers.shared.rest_server import (
    API_TOKEN,
    SESSION,
    Reply,
    ScriptedArray,
    TestToken,
    hangs_up,
    rest_array,
    says,
    serving,
    writes,
)


async def code_of_log_in(rest: RestArray) -> str:
    """Try to log in and return the code of the error."""
    await rest.open()
    try:
        with pytest.raises(ArrayError) as caught:
            await rest.log_in()
    finally:
        await rest.close()
    return caught.value.code


async def test_a_certificate_of_another_ca_is_not_trusted_and_hears_no_secret(
    array: ScriptedArray, other_ca: LabCertificates
) -> None:
    assert await code_of_log_in(rest_array(array.port, other_ca.ca_file)) == "array.untrusted"
    assert array.requests == []


async def test_without_a_ca_file_the_systems_cas_decide(array: ScriptedArray) -> None:
    assert await code_of_log_in(rest_array(array.port, None)) == "array.untrusted"
    assert array.requests == []


async def test_a_certificate_for_another_name_is_not_trusted(
    array: ScriptedArray, ca: LabCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest, **kw: resolve("127.0.0.1", *rest, **kw))
    rest = rest_array(array.port, ca.ca_file, host="array.example")
    assert await code_of_log_in(rest) == "array.untrusted"
    assert array.requests == []


async def test_a_name_that_does_not_resolve_is_unreachable(
    ca: LabCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_such_name(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    assert await code_of_log_in(rest_array(443, ca.ca_file, host="array.invalid")) == "array.unreachable"


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
async def test_a_ca_file_that_is_none_is_bad_input(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    with pytest.raises(BadInput, match=r"ca\.pem") as caught:
        await rest_array(1, ca_file).open()
    assert caught.value.code == "input.bad-settings"


def everything_about(error: BaseException | None) -> Iterator[str]:
    """Yield all that a log, a debugger's line or a support bundle would show of an error and its causes."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from traceback.format_exception(error)
        error = error.__cause__ or error.__context__


async def echoes_headers(request: web.BaseRequest) -> web.StreamResponse:
    """Refuse, and repeat what was sent, as a chatty array might."""
    return web.json_response({"errors": str(dict(request.headers))}, status=400)


async def sends_no_http(request: web.BaseRequest) -> web.StreamResponse:
    """Answer with something that is not HTTP: the library's own error then holds our headers."""
    assert request.transport is not None
    request.transport.write(b"NONSENSE\r\n\r\n")
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize(
    "reply",
    [echoes_headers, sends_no_http, hangs_up, writes("<html>"), says(401), says(403), says(503), says(504)],
)
async def test_no_error_and_no_log_shows_a_secret(
    ca: LabCertificates, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(ca.server) as array:
        rest = rest_array(array.port, ca.ca_file)
        await rest.open()
        await rest.log_in()
        await rest.read("/clock")
        errors: list[BaseException] = []
        array.will(*[reply] * 9)
        array.login = reply
        for call in (
            rest.cut("POST", "/cuts", token=TestToken(), array_id="id-a"),
            rest.change("POST", "/things"),
            rest.read("/things"),
            rest.log_in(),
        ):
            with pytest.raises(ArrayError) as caught:
                await call
            errors.append(caught.value)
        shown = [repr(rest), repr(vars(rest)["_wire"]), caplog.text]
        await rest.close()
    for error in errors:
        shown.extend(everything_about(error))
    assert not [text for text in shown if SESSION in text or API_TOKEN in text]


async def test_what_the_array_says_beside_the_secret_is_kept(array: ScriptedArray, rest: RestArray) -> None:
    array.will(echoes_headers)
    with pytest.raises(ArrayError, match="quiesce") as caught:
        await rest.read("/things")
    assert "..." in caught.value.what
