from __future__ import annotations

import pytest

from orchestrator.verify.forecast import verification_forecast


def test_without_history_nothing_is_foretold() -> None:
    for history in ([], [(0, 5.0)], [(5, 0.0)]):
        forecast = verification_forecast(1 << 40, history)
        assert (forecast.seconds, forecast.basis) == (None, "no earlier verification to go by")


def test_one_verification_tells_the_speed_of_the_next() -> None:
    forecast = verification_forecast(500_000_000, [(1_000_000_000, 10.0)])
    assert forecast.seconds == pytest.approx(5)
    assert forecast.basis == "100 MB/s, the last verification"


def test_an_odd_one_out_does_not_count() -> None:
    history = [(10**9, 10.0), (10**9, 10.0), (10**9, 10_000.0)]
    forecast = verification_forecast(10**9, history)
    assert forecast.seconds == pytest.approx(10)
    assert forecast.basis == "100 MB/s, the middle of the last 3 verifications"


def test_only_the_last_ten_count() -> None:
    assert verification_forecast(10**9, [(10**9, 1.0)] * 50 + [(10**9, 10.0)] * 10).seconds == pytest.approx(
        10
    )
