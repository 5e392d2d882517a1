"""Each rule is broken once, in a database that is sound otherwise, under right checksums."""

from __future__ import annotations

import pytest

from orchestrator.ese.reports import DatabaseState
from orchestrator.model.verification import Severity
from tests.orchestrator.ese.logical.damage_between_pages import BETWEEN
from tests.orchestrator.ese.logical.damage_inside_pages import INSIDE
from tests.orchestrator.ese.logical.forge import Forge, found


@pytest.mark.parametrize("name", [*INSIDE, *BETWEEN])
def test_planted_damage_is_found_and_nothing_else(name: str) -> None:
    damage, expected = (INSIDE | BETWEEN)[name]
    database = Forge()
    damage(database)
    findings = database.walk()
    assert {one for one in found(findings) if one[1] != "lost-room"} == {
        ("error", code, page) for code, page in expected
    }
    for finding in findings:
        if finding.severity is Severity.ERROR:
            assert finding.ese_error is not None
            assert finding.text.endswith(".")
            assert (
                finding.place.byte is None or finding.place.byte == (finding.place.number or 0) * 4096 + 4096
            )


@pytest.mark.many
@pytest.mark.parametrize("name", [*INSIDE, *BETWEEN])
def test_in_a_dirty_database_only_what_is_wrong_inside_a_page_is_an_error(name: str) -> None:
    damage, expected = (INSIDE | BETWEEN)[name]
    database = Forge()
    damage(database)
    own = {"page-space", "tags", "tags-overlap", "prefix", "node", "key-order", "record", "extent"}
    severities = {
        (code, str(severity))
        for severity, code, _ in found(database.walk(state=DatabaseState.DIRTY_SHUTDOWN))
        if code not in {"space-header", "lost-room"}
    }
    assert severities == {
        (code, "error" if code in own else "warning") for code, _ in expected if code != "space-header"
    }
