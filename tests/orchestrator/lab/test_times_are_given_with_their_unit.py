import pytest
from click.testing import CliRunner

from orchestrator.cli.lab_array import array


@pytest.mark.parametrize("time", ["0.15", "150ms", "0.15s", "0"])
def test_a_latency_is_understood_with_and_without_unit(time: str) -> None:
    answer = CliRunner().invoke(array, ["no-such-kind", "--latency", time])
    assert "no-such-kind" in answer.output  # the latency was taken; the kind is what is wrong
    assert "not a time" not in answer.output


@pytest.mark.parametrize("time", ["soon", "-1", "150 ms", "1e3", ""])
def test_a_latency_that_is_none_is_a_usage_error(time: str) -> None:
    answer = CliRunner().invoke(array, ["no-such-kind", "--latency", time])
    assert answer.exit_code == 2
    assert "not a time" in answer.output
