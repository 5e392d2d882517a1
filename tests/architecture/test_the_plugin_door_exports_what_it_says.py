from __future__ import annotations

from types import ModuleType

from orchestrator import plugin


def test_the_list_of_exports_is_what_is_there() -> None:
    there = {
        name
        for name, value in vars(plugin).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert there - {"annotations"} == set(plugin.__all__)


def test_what_is_exported_says_what_it_is_for() -> None:
    assert [name for name in plugin.__all__ if not getattr(plugin, name).__doc__] == []
