"""What `vssadmin list writers` prints can only speak against a set, in whatever language it does."""

from __future__ import annotations

import pytest

from orchestrator.hosts.qemu_guest_agent.windows import unwell

ENGLISH = """vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool

Writer name: 'System Writer'
   Writer Id: {{e8132975-6f93-4464-a53e-1050253ae220}}
   State: [1] Stable
   Last error: No error

Writer name: 'Microsoft Exchange Writer'
   Writer Id: {{76fe1ac4-15f7-4bcd-987e-8e1acb462fb7}}
   State: [{state}] Whatever
   Last error: {error}
"""
GERMAN = """Verfassername: 'Microsoft Exchange Writer'
   Verfasserkennung: {{76fe1ac4-15f7-4bcd-987e-8e1acb462fb7}}
   Status: [{state}] Irgendwie
   Letzter Fehler: Kein Fehler
"""


def test_stable_writers_without_error_are_well() -> None:
    assert not [*unwell(ENGLISH.format(state=1, error="No error"))]
    assert not [*unwell(ENGLISH.format(state=1, error="No error").replace("\n", "\r\n"))]
    assert not [*unwell(GERMAN.format(state=1))]


@pytest.mark.parametrize("state", [0, 2, 5, 7, 9, 11])
def test_a_state_that_is_not_stable_is_told_by_its_number(state: int) -> None:
    found = [*unwell(ENGLISH.format(state=state, error="No error"))]
    assert found == [f"Microsoft Exchange Writer is in state {state}, not 1"]
    assert [*unwell(GERMAN.format(state=state))] == found


@pytest.mark.parametrize("error", ["Retryable error", "Non-retryable error", "Timed out", ""])
def test_an_error_is_told_in_its_own_words(error: str) -> None:
    assert [*unwell(ENGLISH.format(state=1, error=error))] == [f"Microsoft Exchange Writer: {error}"]


@pytest.mark.parametrize(
    "printed", ["", "Error: You don't have the correct permissions to run this command."]
)
def test_no_writer_at_all_is_not_well(printed: str) -> None:
    assert [*unwell(printed)] == ["no writer is shown at all"]
