"""The floor of a real window: bare calls that freeze, clone and thaw, knowing nothing of Quiesce. A script.

First line on stdin: JSON with `mount_points`, `files` and, for a guest agent, `socket`. Then one round a
line "go": flush everything, freeze all, clone all, thaw all, each as parallel as it can be; answered by
one line with the milliseconds of the three together.
"""

import fcntl
import json
import os
import random
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FIFREEZE, FITHAW, FICLONE = 0xC0045877, 0xC0045878, 0x40049409


class Kernel:
    """Freezes by ioctl, one thread a file system."""

    def __init__(self, mount_points: list[str], pool: ThreadPoolExecutor) -> None:
        self.descriptors = [os.open(each, os.O_RDONLY) for each in mount_points]
        self.pool = pool

    def open(self) -> None:
        """Nothing is to be opened anew."""

    def freeze(self) -> None:
        list(self.pool.map(lambda fd: fcntl.ioctl(fd, FIFREEZE, 0), self.descriptors))

    def thaw(self) -> None:
        list(self.pool.map(lambda fd: fcntl.ioctl(fd, FITHAW, 0), self.descriptors))

    def close(self) -> None:
        """Nothing is to be closed."""


class Agent:
    """Freezes by two calls of a guest agent, on a connection made before."""

    def __init__(self, mount_points: list[str], path: str) -> None:
        self.mount_points, self.path = mount_points, path

    def open(self) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(self.path)
        self.answers = self.connection.makefile("rb")
        number = random.randrange(1 << 30)  # noqa: S311 - no secret
        self.connection.sendall(b"\xff")
        self.ask("guest-sync-delimited", id=number)

    def freeze(self) -> None:
        assert self.ask("guest-fsfreeze-freeze-list", mountpoints=self.mount_points) == len(self.mount_points)

    def thaw(self) -> None:
        assert self.ask("guest-fsfreeze-thaw") == len(self.mount_points)

    def ask(self, command: str, **arguments: object) -> object:
        self.connection.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = json.loads(self.answers.readline().lstrip(b"\xff"))
            if "return" in answer:
                return answer["return"]

    def close(self) -> None:
        self.answers.close()
        self.connection.close()


def clone(source: int, target: Path) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_WRONLY)
    fcntl.ioctl(descriptor, FICLONE, source)
    os.close(descriptor)


def main() -> None:
    wanted = json.loads(sys.stdin.readline())
    files = [Path(each) for each in wanted["files"]]
    sources = [os.open(each, os.O_RDONLY) for each in files]
    targets = [each.parent.parent / f"floor-{each.name}" for each in files]
    with ThreadPoolExecutor(len(files)) as pool:
        list(pool.map(time.sleep, [0.01] * len(files)))  # every thread is there before the first round
        held = wanted["mount_points"]
        freezer = Agent(held, wanted["socket"]) if wanted.get("socket") else Kernel(held, pool)
        print("ready", flush=True)
        while sys.stdin.readline():
            freezer.open()
            os.sync()
            begun = time.perf_counter()
            freezer.freeze()
            list(pool.map(clone, sources, targets))
            freezer.thaw()
            print((time.perf_counter() - begun) * 1000, flush=True)
            freezer.close()
            for target in targets:
                target.unlink()


if __name__ == "__main__":
    main()
