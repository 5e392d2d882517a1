"""Numbers and names against the headers of mingw-w64, which are those of Windows' own SDK."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.errors.hresults import HRESULTS, RetryClass, hresult_of, retry_of

HEADERS = Path("/usr/share/mingw-w64/include")
OTHERS = {"FSRVP_E_SHADOWCOPYSET_ID_MISMATCH"}  # of MS-FSRVP, which has no header


def header(name: str) -> str:
    path = HEADERS / name
    if not path.is_file():
        pytest.skip("missing: mingw-w64")
    return path.read_text(encoding="utf-8")


@pytest.mark.real
def test_every_code_of_vss_is_told_under_its_own_number() -> None:
    defined = re.findall(r"#define (VSS_[ES]_\w+) \(\(HRESULT\)0x([0-9a-fA-F]{8})\)", header("vsserror.h"))
    assert len(defined) == 81
    ours = {found.name: number for number, found in HRESULTS.items() if found.name.startswith("VSS_")}
    assert ours == {name: int(number, 16) for name, number in defined}


@pytest.mark.real
def test_every_code_of_com_is_that_of_its_header() -> None:
    defined = dict(
        re.findall(r"#define (E_\w+) _HRESULT_TYPEDEF_\(0x([0-9a-fA-F]{8})\)", header("winerror.h"))
    )
    for number, found in HRESULTS.items():
        if not found.name.startswith("VSS_") and found.name not in OTHERS:
            assert int(defined[found.name], 16) == number, found.name


def test_names_are_told_once_and_all_is_said_of_each() -> None:
    assert len({found.name for found in HRESULTS.values()}) == len(HRESULTS)
    for found in HRESULTS.values():
        assert found.cause.endswith(".")
        assert found.remedy.endswith(".")


@pytest.mark.parametrize(
    ("hresult", "retry"),
    [
        (0x0004230A, RetryClass.NOT_AN_ERROR),
        (0x80042316, RetryClass.SECONDS),
        (0x800423F2, RetryClass.LATER),
        (0x800423F2 - (1 << 32), RetryClass.LATER),  # as ctypes and Windows' tools have it
        (0x800423F3, RetryClass.SOON),
        (0x80042321, RetryClass.IMPORT_ONLY),
        (0x800423F4, RetryClass.NEVER),
        (0x80049999, RetryClass.NEVER),  # nobody knows it
    ],
)
def test_a_code_says_whether_to_try_again(hresult: int, retry: RetryClass) -> None:
    assert retry_of(hresult) is retry
    assert retry.meaning


@pytest.mark.parametrize("text", ["0x80042314", "0X80042314", "2147754772", "-2147212524"])
def test_a_code_is_read_as_any_tool_prints_it(text: str) -> None:
    assert hresult_of(text) == 0x80042314


@pytest.mark.parametrize("text", ["", "0x", "0x800423145", "80042314h", "-", "12345678901"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert hresult_of(text) is None
