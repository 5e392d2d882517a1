"""What the array's own words come to."""

from __future__ import annotations

import pytest

from orchestrator.errors import ArrayBusy, ArrayRejected
from providers.pure_flasharray.errors import AlreadyThere, Destroyed, Gone, refusal, words_of
from providers.shared.rest import Answer


def said(message: str, context: str | None = "pg1", status: int = 400) -> Answer:
    """Return a refusal as the array words it."""
    return Answer(status, {}, {"errors": [{"context": context, "message": message}]})


@pytest.mark.parametrize(
    ("message", "kind", "code"),
    [
        ("Protection group snapshot already exists.", AlreadyThere, "array.name-taken"),
        ("Volume already belongs to protection group pg1.", AlreadyThere, "array.name-taken"),
        ("Volume does not exist.", Gone, "array.rejected"),
        ("No such volume or snapshot.", Gone, "array.rejected"),
        ("Protection group has been destroyed.", Destroyed, "array.rejected"),
        ("Volume snapshot limit reached.", ArrayRejected, "array.full"),
        ("Insufficient space.", ArrayRejected, "array.full"),
        ("Eradication is disabled.", ArrayRejected, "array.rejected"),
    ],
)
def test_words_have_meanings(message: str, kind: type[ArrayRejected], code: str) -> None:
    error = refusal(said(message), subject="array-a")
    assert type(error) is kind
    assert error.code == code
    assert str(error) == f"array-a: pg1: {message}"
    assert isinstance(error, ArrayRejected)
    assert error.vendor_code == "400"


def test_server_is_busy_is_not_executed_whatever_the_status() -> None:
    assert isinstance(refusal(said("Server is busy", status=500), subject="a"), ArrayBusy)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"errors": [{"context": "v1", "message": "No."}, {"context": "v2", "message": "Never."}]},
            "v1: No.; v2: Never.",
        ),
        ({"errors": [{"context": None, "message": "No."}]}, "No."),
        ({"message": "API rate limit exceeded."}, "API rate limit exceeded."),
        ({"errors": "no list"}, ""),
        ({"errors": [1, {}]}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_both_shapes_of_errors_are_read_and_others_give_no_words(body: object, words: str) -> None:
    assert words_of(Answer(400, {}, body)) == words


def test_a_refusal_without_words_still_says_something() -> None:
    assert refusal(Answer(418, {}), subject="a").what == "HTTP 418 without a reason"
