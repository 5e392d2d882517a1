"""Signing keys on disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from orchestrator.errors import BadInput
from orchestrator.evidence import PublicKey, signing_key
from orchestrator.evidence.keys import load_or_make


def unusable(folder: Path) -> str:
    """Return what the error says when a key must not be used."""
    with pytest.raises(BadInput) as caught:
        load_or_make(folder, "evidence")
    assert caught.value.code == "input.key-unusable"
    return caught.value.what


def test_a_key_is_made_at_first_use_and_found_again(tmp_path: Path) -> None:
    made = load_or_make(tmp_path / "keys", "evidence")
    assert load_or_make(tmp_path / "keys", "evidence").public.key_id == made.public.key_id
    assert (tmp_path / "keys" / "evidence.key").stat().st_mode & 0o777 == 0o600
    assert PublicKey.from_file(tmp_path / "keys" / "evidence.pub").key_id == made.public.key_id


def test_the_lab_has_its_own_key(tmp_path: Path) -> None:
    lab, own = signing_key(tmp_path, emulated=True), signing_key(tmp_path, emulated=False)
    assert (lab.name, own.name) == ("lab", "evidence")
    assert lab.public.key_id != own.public.key_id
    assert {path.name for path in tmp_path.glob("*.pub")} == {"lab.pub", "evidence.pub"}


def test_several_first_users_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_or_make(tmp_path, "evidence"), range(8)))
    assert len({key.public.key_id for key in keys}) == 1


def test_a_half_written_key_of_a_dead_process_is_not_used(tmp_path: Path) -> None:
    (tmp_path / ".evidence.key.new").write_text("-----BEGIN PRIV")
    load_or_make(tmp_path, "evidence")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    load_or_make(tmp_path, "evidence")
    (tmp_path / "evidence.key").chmod(mode)
    assert "others" in unusable(tmp_path)


@pytest.mark.parametrize("content", [b"", b"secret words", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_damaged_key_is_refused_without_quoting_it(tmp_path: Path, content: bytes) -> None:
    load_or_make(tmp_path, "evidence")
    (tmp_path / "evidence.key").write_bytes(content)
    assert unusable(tmp_path) == "not a readable private key in PEM form"


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1())
    load_or_make(tmp_path, "evidence")
    (tmp_path / "evidence.key").write_bytes(
        other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    assert unusable(tmp_path) == "not an Ed25519 key"
    public = tmp_path / "other.pub"
    public.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(BadInput, match="not an Ed25519 key"):
        PublicKey.from_file(public)


def test_a_key_that_is_a_link_is_refused(tmp_path: Path) -> None:
    load_or_make(tmp_path / "elsewhere", "evidence")
    (tmp_path / "evidence.key").symlink_to(tmp_path / "elsewhere" / "evidence.key")
    assert "not a readable private key" in unusable(tmp_path)


def test_a_public_key_of_another_beside_it_is_noticed(tmp_path: Path) -> None:
    load_or_make(tmp_path, "evidence")
    load_or_make(tmp_path, "lab")
    (tmp_path / "lab.pub").rename(tmp_path / "evidence.pub")
    assert "belongs to another key" in unusable(tmp_path)


def test_a_lost_public_key_is_written_again(tmp_path: Path) -> None:
    key = load_or_make(tmp_path, "evidence")
    (tmp_path / "evidence.pub").unlink()
    load_or_make(tmp_path, "evidence")
    assert PublicKey.from_file(tmp_path / "evidence.pub").key_id == key.public.key_id


def test_a_private_key_never_shows(tmp_path: Path) -> None:
    key = load_or_make(tmp_path, "evidence")
    assert repr(key) == "SigningKey(name='evidence')"
    assert repr(key.public) == "PublicKey(name='evidence')"


@pytest.mark.parametrize("content", [b"", b"no key", b"\xff\xfe"])
def test_a_file_that_is_no_public_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pub"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        PublicKey.from_file(path)
    assert caught.value.subject == str(path)


def test_a_private_key_in_place_of_a_public_one_is_refused(tmp_path: Path) -> None:
    load_or_make(tmp_path, "evidence")
    with pytest.raises(BadInput, match="not a readable public key"):
        PublicKey.from_file(tmp_path / "evidence.key")
