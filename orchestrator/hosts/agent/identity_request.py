"""Signing requests: made by the agent, read by the orchestrator, which takes nothing from one but its key."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from orchestrator.errors import BadInput
from orchestrator.hosts.agent.identity_certificates import UNREADABLE

REQUEST_LIMIT: Final = 8192  # characters; an RSA key of 4096 bits needs 1,700
_RSA_BITS: Final = range(2048, 4097)
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)

RequestKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
RequestedKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def signing_request(key: RequestKey) -> str:
    """Return the PEM text that proves that we have this key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Quiesce agent")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode("ascii")


def requested_key(pem: str) -> RequestedKey:
    """Return the key that a signing request is for, once it has been proven to belong to who asks.

    Raises:
        BadInput: `agent.bad-request`.
    """
    if len(pem) > REQUEST_LIMIT:
        raise _bad(f"is larger than {REQUEST_LIMIT} characters")
    try:
        request = x509.load_pem_x509_csr(pem.encode("ascii"))
        key = request.public_key()
        signed = request.is_signature_valid
    except UNREADABLE:
        raise _bad("cannot be read") from None
    if isinstance(key, ec.EllipticCurvePublicKey):
        fits = isinstance(key.curve, _CURVES)
    elif isinstance(key, rsa.RSAPublicKey):
        fits = key.key_size in _RSA_BITS
    else:
        raise _bad("is for a key of another kind than EC and RSA")
    if not fits:
        raise _bad("is for a key of a strength that is not taken (EC P-256 to P-521, RSA 2048 to 4096 bits)")
    if not signed:
        raise _bad("is not signed by its own key")
    return key


def _bad(what: str) -> BadInput:
    return BadInput("agent.bad-request", f"The signing request {what}.")
