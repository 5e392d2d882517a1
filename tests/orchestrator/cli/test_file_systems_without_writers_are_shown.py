from __future__ import annotations

from datetime import UTC, datetime

from orchestrator.cli.host_tree import tree_result, tree_text
from orchestrator.model.hosts import Component, HostLun, HostVolume, Survey
from orchestrator.model.time import Reading

SURVEY = Survey(
    writers=(),
    components=(Component("", "", "/srv/mail", "/srv/mail", selectable=True, files=("/srv/mail/",)),),
    host_volumes=(HostVolume("/dev/sdb1", ("/srv/mail",), (HostLun(("naa.1",)),)),),
    clock=Reading(datetime(2026, 1, 1, tzinfo=UTC), 1.0),
)


def test_the_tree_shows_file_systems_that_no_writer_speaks_for() -> None:
    assert tree_text(SURVEY, {}).splitlines() == [
        "  no writer: file systems, frozen by themselves",
        "    component /srv/mail",
        "      host volume /srv/mail (basic)",
        "        LUN naa.1",
    ]


def test_the_tree_holds_them_as_data() -> None:
    result = tree_result(SURVEY, {})
    assert result["writers"] == []
    (component,) = result["components"]
    assert (component["caption"], component["host_volumes"]) == ("/srv/mail", ["/dev/sdb1"])
