from __future__ import annotations

from pathlib import Path

from orchestrator.shadowcopy.diagram import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "state-machine.md"


def test_the_page_on_the_state_machine_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
