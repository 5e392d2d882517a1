"""The three files that one end of a connection needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files.

    Attributes:
        certificate: what this end presents, with its chain if there is one.
        key: the certificate's private key, 0600.
        ca_file: what the other end's certificate is verified with.
    """

    certificate: Path
    key: Path
    ca_file: Path
