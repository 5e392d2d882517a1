"""Runs every flow, each against an array of its own: `python -m tests.judges.pure_flasharray.run`.

Reads the arrays from standard input, one announcement of `quiesce lab array` a line, and prints one line of
JSON per flow. Runs in the judge's environment, which has the vendor's SDK and nothing of ours.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Final, TextIO

from tests.judges.pure_flasharray import flows_faults, flows_presenting, flows_sessions, flows_storage
from tests.judges.pure_flasharray.judge import Judge

Flow = Callable[[Judge], None]


def _flows_of(module: ModuleType) -> dict[str, Flow]:
    return {
        name: flow
        for name, flow in vars(module).items()
        if callable(flow) and flow.__module__ == module.__name__ and not name.startswith("_")
    }


FLOWS: Final[dict[str, Flow]] = {
    **_flows_of(flows_sessions),
    **_flows_of(flows_storage),
    **_flows_of(flows_presenting),
    **_flows_of(flows_faults),
}


def main(arrays: Iterable[str], out: TextIO) -> None:
    """Run every flow and print how it ended; an empty problem is success."""
    for (name, flow), array in zip(FLOWS.items(), arrays, strict=True):
        problem = ""
        try:
            flow(Judge(json.loads(array)))
        except Exception:
            problem = traceback.format_exc()
        out.write(json.dumps({"flow": name, "problem": problem}) + "\n")
        out.flush()


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
