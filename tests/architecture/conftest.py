"""The tests of this folder start whole tools: beside the journeys, not among the quick tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
ENOUGH_S: Final = 120


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(ENOUGH_S))
            item.add_marker(pytest.mark.tools)
