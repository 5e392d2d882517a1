"""Renewal: an agent gets another certificate for its key, with the old one."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

import aiohttp
from cryptography import x509
from pydantic import BaseModel, ConfigDict

from orchestrator.errors import HostError
from orchestrator.hosts.agent.identity_agent import AgentFolder
from orchestrator.hosts.agent.identity_certificates import UNREADABLE
from orchestrator.hosts.agent.identity_enrolling import whole_answer
from orchestrator.hosts.agent.identity_request import signing_request
from orchestrator.hosts.agent.paths import RENEW
from orchestrator.hosts.agent.tls import client_context

LIMIT_S: Final = 30.0


class _Renewed(BaseModel):
    model_config = ConfigDict(strict=True)

    certificate: str


async def renew_if_due(folder: AgentFolder, now: datetime, proxy: str | None = None) -> bool:
    """Renew the agent's certificate if a third of its life, or less, is left; tell whether it was renewed.

    Never inside a window: it writes a file. To be asked once a day; after a failure the old one stays.

    Raises:
        HostError: `agent.hub-refused`.
        BadInput: `agent.not-enrolled`, `agent.key-unusable`.
    """
    if not await asyncio.to_thread(folder.renewal_is_due, now):
        return False
    identity, key = await asyncio.to_thread(lambda: (folder.identity(), folder.begin_renewal()))
    context = await asyncio.to_thread(client_context, folder.tls_files, by_name=True)
    timeout, connector = aiohttp.ClientTimeout(total=LIMIT_S), aiohttp.TCPConnector(ssl=context)
    body = {"signing_request": signing_request(key)}
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.post(identity.hub_url + RENEW, json=body, proxy=proxy, allow_redirects=False) as response,
        ):
            answer = await whole_answer(response)
            status = response.status
    except (aiohttp.ClientError, OSError, ValueError) as error:
        what = f"the certificate was not renewed ({type(error).__name__})"
        raise HostError("agent.hub-refused", what, subject=identity.hub_url) from None
    certificate = _certificate_in(answer) if status == 200 else None
    if certificate is None or x509.load_pem_x509_certificate(certificate).public_key() != key.public_key():
        what = f"the certificate was not renewed (status {status})"
        raise HostError("agent.hub-refused", what, subject=identity.hub_url)
    await asyncio.to_thread(folder.renewed, certificate.decode("ascii"))
    return True


def _certificate_in(answer: bytes) -> bytes | None:
    try:
        pem = _Renewed.model_validate_json(answer).certificate.encode("ascii")
        x509.load_pem_x509_certificate(pem)
    except UNREADABLE:  # a ValidationError is a ValueError
        return None
    return pem
