"""Writes to several files, syncing each time, until its input ends. A script; arguments: the files."""

import os
import sys
import threading


def write(path: str, stop: threading.Event) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)
    number = 0
    while not stop.is_set():
        os.pwrite(descriptor, os.urandom(4096), number % 256 * 4096)
        os.fdatasync(descriptor)
        number += 1


def main() -> None:
    stop = threading.Event()
    threads = [threading.Thread(target=write, args=(path, stop)) for path in sys.argv[1:]]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()


if __name__ == "__main__":
    main()
