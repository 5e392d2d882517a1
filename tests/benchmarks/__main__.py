"""`make bench`: every measure side by side in one run; a table on stdout, JSON beside it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

from tests.benchmarks import (
    agent_protocol,
    many_runs,
    page_checksums,
    real_window,
    start_up,
    thaw_after_kill,
    verify_reading,
    window_over_floor,
)
from tests.benchmarks.figures import table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="per figure")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="where the JSON goes")
    wanted = parser.parse_args()
    rows = []
    for part in (
        start_up,
        window_over_floor,
        agent_protocol,
        many_runs,
        real_window,
        thaw_after_kill,
        page_checksums,
        verify_reading,
    ):
        name = part.__name__.rpartition(".")[2]
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        rows += part.measure(wanted.rounds)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    document = {"schema": "quiesce.bench/1", "machine": machine, "rows": [row.data() for row in rows]}
    wanted.json.write_text(json.dumps(document, indent=2) + "\n", encoding="ascii")
    print(table(rows))
    print(f"JSON: {wanted.json}")


if __name__ == "__main__":
    main()
