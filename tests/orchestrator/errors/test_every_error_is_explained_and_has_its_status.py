from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import errors
from orchestrator.errors import (
    CATALOGUE,
    ArrayAnswerLost,
    ArrayBusy,
    ArrayError,
    ArrayRejected,
    BadInput,
    CutNotAuthorised,
    EvidenceError,
    ExitStatus,
    HostError,
    InDoubt,
    Interrupted,
    OrchestratorError,
    Refused,
    Retryable,
    VerificationError,
    VerificationStopped,
    WindowExpired,
    exit_status_of,
    http_status_of,
    retryable_of,
    tree,
)
from orchestrator.errors.statuses import STATUS_OF

ROOT = Path(__file__).parents[3]
CODE = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*")
AREAS = {code.partition(".")[0] for code in CATALOGUE}

EXPECTED: list[tuple[BaseException, int, int, Retryable]] = [
    (BadInput("input.bad-file", "No."), 2, 422, Retryable.NEVER),
    (Refused("policy.break-off-refused", "No."), 3, 409, Retryable.NEVER),
    (CutNotAuthorised("policy.cut-not-authorised", "No."), 3, 409, Retryable.NEVER),
    (HostError("host.gone", "No."), 4, 502, Retryable.LATER),
    (WindowExpired("window.expired", "No."), 4, 504, Retryable.LATER),
    (Interrupted("run.interrupted", "No."), 4, 503, Retryable.NOW),
    (ArrayError("array.unreachable", "No."), 4, 502, Retryable.LATER),
    (ArrayBusy("No."), 4, 503, Retryable.LATER),
    (ArrayRejected("No."), 4, 502, Retryable.LATER),
    (ArrayAnswerLost("No."), 4, 502, Retryable.LATER),
    (InDoubt("run.in-doubt", "No."), 6, 409, Retryable.LATER),
    (EvidenceError("evidence.malformed", "No."), 5, 422, Retryable.NEVER),
    (VerificationError("verify.cannot-read", "No."), 5, 422, Retryable.LATER),
    (VerificationStopped("verify.stopped", "No."), 5, 503, Retryable.NOW),
    (OrchestratorError("internal.fault", "No."), 1, 500, Retryable.NEVER),
    (ValueError("a stranger's"), 1, 500, Retryable.NEVER),
    (KeyboardInterrupt(), 1, 500, Retryable.NEVER),
]


def family(root: type[OrchestratorError]) -> Iterator[type[OrchestratorError]]:
    """Yield a class of the tree and all below it, defined in the tree itself."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == tree.__name__:
            yield from family(child)


TREE = tuple(family(OrchestratorError))


@pytest.mark.parametrize(
    ("error", "exit_status", "http_status", "retryable"), EXPECTED, ids=lambda one: type(one).__name__
)
def test_an_error_has_the_statuses_of_its_family(
    error: BaseException, exit_status: int, http_status: int, retryable: Retryable
) -> None:
    assert exit_status_of(error) == exit_status
    assert http_status_of(error) == http_status
    assert retryable_of(error) is retryable


def test_the_table_of_statuses_is_total_over_the_tree() -> None:
    assert {type(error) for error, *_ in EXPECTED} >= set(TREE)
    for one in TREE:
        if one is not OrchestratorError:  # its own status is that of what nobody foresaw
            assert any(base in STATUS_OF for base in one.__mro__ if base is not Exception), one


def test_every_class_of_the_tree_is_exported_documented_and_drawn() -> None:
    assert {one.__name__ for one in TREE} <= set(errors.__all__)
    for one in TREE:
        assert one.__doc__
        assert re.search(rf"\b{one.__name__}\b", tree.__doc__ or ""), f"{one.__name__} is not drawn"


def test_what_the_package_says_it_exports_it_exports() -> None:
    assert [name for name in errors.__all__ if not hasattr(errors, name)] == []


def test_exit_statuses_are_the_documented_ones() -> None:
    assert [(status.name, status.value) for status in ExitStatus] == [
        ("OK", 0),
        ("INTERNAL", 1),
        ("USAGE", 2),
        ("REFUSED", 3),
        ("ABORTED", 4),
        ("FAILED_VERIFICATION", 5),
        ("IN_DOUBT", 6),
        ("STILL_RUNNING", 7),
        ("NEEDS_ATTENTION", 8),
    ]


def test_an_error_says_what_to_which_object_and_what_next() -> None:
    error = ArrayRejected("Quota exceeded.", subject="flash-a", code="array.full", vendor_code="507")
    assert str(error) == "flash-a: Quota exceeded."
    assert str(BadInput("input.bad-file", "Not TOML.")) == "Not TOML."
    assert (error.code, error.vendor_code, error.remedy) == (
        "array.full",
        "507",
        CATALOGUE["array.full"].remedy,
    )
    assert error.__notes__ == [error.remedy]
    assert BadInput("input.bad-file", "Not TOML.", remedy="Quote it.").__notes__ == ["Quote it."]
    assert ArrayBusy("Later.", retry_after_s=2.0).retry_after_s == 2.0


def test_an_error_under_a_code_that_nobody_explained_cannot_be_made() -> None:
    with pytest.raises(KeyError, match="made-up"):
        Refused("policy.made-up", "No.")


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_is_dotted_and_has_a_cause_and_a_remedy_in_whole_sentences(code: str) -> None:
    assert CODE.fullmatch(code)
    for text in CATALOGUE[code]:
        assert text.strip() == text
        assert text.endswith((".", ")"))


def strings_in(source: str) -> Iterator[str]:
    """Yield every string of a module; of a composed one, what stands before its first gap, and a star."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
                yield f"{start}*"
            case _:
                pass


def codes_in(source: str) -> set[str]:
    """Return every string of a module that looks like a code in one of the catalogue's areas."""
    return {one for one in strings_in(source) if CODE.fullmatch(one) and one.partition(".")[0] in AREAS}


def modules() -> Iterator[Path]:
    for package in ("orchestrator", "providers"):
        yield from (ROOT / package).rglob("*.py")


@pytest.fixture(scope="module")
def said_in() -> dict[Path, frozenset[str]]:
    """What each module says in one of the catalogue's areas."""
    return {
        path: frozenset(
            one for one in strings_in(path.read_text(encoding="utf-8")) if one.partition(".")[0] in AREAS
        )
        for path in modules()
    }


def test_every_code_in_the_source_is_in_the_catalogue(said_in: dict[Path, frozenset[str]]) -> None:
    unexplained = {
        f"{path.relative_to(ROOT)}: {one}"
        for path, said in said_in.items()
        for one in said - set(CATALOGUE)
        if CODE.fullmatch(one)
    }
    assert unexplained == set()


def test_every_code_in_the_catalogue_is_somewhere_in_the_source(said_in: dict[Path, frozenset[str]]) -> None:
    said = {one for path, each in said_in.items() if path.parent.name != "explanations" for one in each}
    composed = tuple(one[:-1] for one in said if one.endswith("*"))
    unused = {code for code in CATALOGUE if code not in said and not code.startswith(composed)}
    assert unused == set()


def test_the_search_for_codes_finds_one_that_is_not_explained() -> None:
    assert codes_in('raise Refused("policy.made-up", "see policy.other")') == {"policy.made-up"}
    assert set(strings_in('f"input.unknown-{noun}"')) >= {"input.unknown-*"}
