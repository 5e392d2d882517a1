"""What all steps of the provider work with: the monitor, the folder, and where array volumes are mounted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import ArrayError, ArrayRejected
from providers.qemu_block.chain import ExportRow, Graph, Layer, NodeRow
from providers.qemu_block.client import Monitor
from providers.qemu_block.errors import bad_answer
from providers.qemu_block.jobs import run_job
from providers.qemu_block.store import Store

_EXPORTS = TypeAdapter(list[ExportRow])
_NODES = TypeAdapter(list[NodeRow])


@dataclass(frozen=True, slots=True)
class Daemon:
    """One running qemu-storage-daemon and its folder."""

    monitor: Monitor
    store: Store
    exports: Path

    async def graph(self) -> Graph:
        """Read all nodes and exports.

        Raises:
            ArrayError: `array.bad-answer`, or no answer.
        """
        try:
            exports = _EXPORTS.validate_python(await self.monitor.ask("query-block-exports"))
            nodes = _NODES.validate_python(await self.monitor.ask("query-named-block-nodes", {"flat": True}))
            graph = Graph.of(exports, nodes)
            for volume_id in graph.shown:
                graph.chain(volume_id)
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, entry["loc"])) for entry in error.errors())
            failure = self.bad_answer(f"nodes or exports are not as documented: {fields}")
        except ValueError as error:
            failure = self.bad_answer(str(error))
        else:
            return graph
        raise failure

    async def make_image(self, node: str, path: Path, below: Layer, size_bytes: int) -> None:
        """Make an empty image that names, in its head, the layer it is to lie on; and bring it to the disk.

        Raises:
            ArrayError: it could not be made.
        """
        protocol: Mapping[str, object] = {"driver": "file", "filename": str(path)}
        file = {"options": {**protocol, "size": 0}}
        image = {
            "options": {
                "driver": "qcow2",
                "file": protocol,
                "size": size_bytes,
                "backing-file": below.file,
                "backing-fmt": "qcow2" if below.format == "qcow2" else "raw",
            }
        }
        await run_job(self.monitor, "blockdev-create", f"{node}.file", file)
        await run_job(self.monitor, "blockdev-create", f"{node}.image", image)
        await asyncio.to_thread(self.store.keep, path)

    def rejected(self, code: str, what: str) -> ArrayRejected:
        """Return our own refusal."""
        return ArrayRejected(what, subject=self.monitor.subject, code=code)

    def bad_answer(self, what: str) -> ArrayError:
        """Return the error for an answer that cannot be."""
        return bad_answer(what, self.monitor.subject)
