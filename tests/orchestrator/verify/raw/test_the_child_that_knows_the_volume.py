"""Real children, and programs that stand in for children that go wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.errors import VerificationError
from orchestrator.verify.raw import open_raw
from orchestrator.verify.raw.metadata_child import MEMORY_BYTES, SCRIPT, MetadataChild
from tests.orchestrator.verify.raw.lab_images import LabImage, contents

pytestmark = pytest.mark.journey

WHOLE = {"start": 0, "length": 2 << 20}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    made = LabImage(label="LAB")
    made.add("a.edb", b"contents")
    return made.saved(tmp_path / "image")


@pytest.fixture
def descriptor(image: Path) -> Iterator[int]:
    opened = os.open(image, os.O_RDONLY)
    yield opened
    os.close(opened)


def acting(script: str) -> tuple[str, ...]:
    """A program that stands in for the child."""
    return (sys.executable, "-I", "-c", f"import sys, os, json, time\nline = sys.stdin.readline()\n{script}")


# Every descriptor that leads to a file, and where it leads.
HELD = """
held = {}
for number in range(256):
    try:
        held[number] = os.readlink(f"/proc/self/fd/{number}")
    except OSError:
        pass
print(json.dumps(held))
"""


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def failure(child: MetadataChild, what: str = "volume", *of: int) -> str:
    with pytest.raises(VerificationError) as caught:
        child.ask(what, *of, **WHOLE)
    assert caught.value.code == "verify.file-system-unreadable"
    return caught.value.what


def test_a_volume_is_read_through_a_child(image: Path) -> None:
    source = open_raw(image)
    try:
        assert (source.label, source.findings) == ("LAB", [])
        assert contents(source.open("A.EDB")) == b"contents"
    finally:
        source.close()


def test_closing_the_volume_ends_the_child_and_closes_the_device(image: Path) -> None:
    source = open_raw(image)
    child = source._child._process
    assert child is not None
    assert child.poll() is None
    source.close()
    assert child.poll() is not None
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(source._reader.fileno())


def test_an_image_without_ntfs_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(bytes(9000))
    before = open_descriptors()
    with pytest.raises(VerificationError):
        open_raw(tmp_path / "image")
    assert open_descriptors() == before


def test_asking_for_a_volume_that_is_not_there_leaves_nothing_open(image: Path) -> None:
    before = open_descriptors()
    with pytest.raises(VerificationError):
        open_raw(image, "NONE")
    assert open_descriptors() == before


def test_one_child_answers_many_questions(descriptor: int) -> None:
    child = MetadataChild(descriptor, "image")
    child.ask("volume", **WHOLE)
    first = child._process
    assert child.ask("records", 5, 24, 60, **WHOLE)["records"] == [
        [True, -1, 6],
        [False, 8, 32],
        "record 60 is not in use",
    ]
    assert "no record 100000" in failure(child, "file", 100_000)
    assert "no record -1" in failure(child, "file", -1)
    assert "record 60 is not in use" in failure(child, "file", 60)
    assert "no contents" in failure(child, "file", 5)
    assert child._process is first
    child.close()


def test_a_killed_child_is_an_answer_and_the_next_question_starts_another(descriptor: int) -> None:
    child = MetadataChild(descriptor, "image")
    child.ask("volume", **WHOLE)
    assert child._process is not None
    child._process.kill()
    child._process.wait()
    assert failure(child) == "the library that reads it was ended by signal 9"
    assert child.ask("volume", **WHOLE)["label"] == "LAB"
    child.close()


def test_a_child_that_hangs_is_ended(descriptor: int) -> None:
    child = MetadataChild(descriptor, "image", answer_s=0.2, command=acting("time.sleep(60)"))
    assert failure(child) == "looking something up in it took too long"
    child.close()


def test_a_child_that_says_half_an_answer_is_ended(descriptor: int) -> None:
    script = "sys.stdout.write('{'); sys.stdout.flush(); time.sleep(60)"
    child = MetadataChild(descriptor, "image", answer_s=0.2, command=acting(script))
    assert failure(child) == "looking something up in it took too long"
    child.close()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("os.abort()", "ended by signal 6"),
        ("sys.exit(1)", "gave up"),
        ("print('noise')", "gave up"),
        ("print('[1]')", "makes no sense"),
        ("while True: sys.stdout.write('x' * 65536)", "gave up"),
    ],
)
def test_whatever_becomes_of_a_child_is_an_answer(script: str, words: str, descriptor: int) -> None:
    child = MetadataChild(descriptor, "image", command=acting(script))
    assert words in failure(child)
    child.close()


def test_a_volume_that_killed_three_children_is_given_up(descriptor: int, tmp_path: Path) -> None:
    log = tmp_path / "starts"
    child = MetadataChild(
        descriptor, "image", command=acting(f"open({str(log)!r}, 'a').write('x'); os.abort()")
    )
    said = [failure(child) for _ in range(5)]
    assert said[3:] == ["reading it has failed too often to try again"] * 2
    assert log.read_text() == "xxx"


def test_a_child_is_told_no_secrets(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUIESCE_TOKEN", "secret")
    child = MetadataChild(descriptor, "image", command=acting("print(json.dumps(dict(os.environ)))"))
    assert set(child.ask("volume", **WHOLE)) <= {"PATH", "LD_LIBRARY_PATH", "LC_CTYPE"}
    child.close()


def test_a_child_has_the_image_and_nothing_else_of_ours(descriptor: int, tmp_path: Path) -> None:
    script = HELD
    with (tmp_path / "ours").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        child = MetadataChild(descriptor, "image", command=acting(script))
        held = child.ask("volume", **WHOLE)
        child.close()
    assert str(tmp_path / "image") in held.values()
    assert str(tmp_path / "ours") not in held.values()


# The child's own script, in which a look at the volume tells of the child's limits and timers.
LIMITS = """
import resource, runpy, sys
child = runpy.run_path(sys.argv[1])
timers = []
child["signal"].alarm = timers.append
def told(volume):
    names = ("RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_CORE")
    return {name: resource.getrlimit(getattr(resource, name))[0] for name in names} | {"timers": timers}
child["QUESTIONS"]["volume"] = told
child["main"](*map(int, sys.argv[2:5]))
"""


def test_a_child_can_neither_take_all_memory_nor_write_nor_run_for_ever(descriptor: int) -> None:
    command = (sys.executable, "-I", "-c", LIMITS, str(SCRIPT))
    child = MetadataChild(descriptor, "image", answer_s=7, command=command)
    child.ask("volume", **WHOLE)
    said = child.ask("volume", **WHOLE)
    child.close()
    assert said.pop("timers") == [12, 0, 12, 0]  # one for each answer, and none between them
    assert said == {"RLIMIT_AS": MEMORY_BYTES, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}


def test_a_key_pressed_at_our_terminal_does_not_reach_the_child(descriptor: int) -> None:
    script = "print(json.dumps({'own': os.getsid(0) == os.getpid()}))"
    child = MetadataChild(descriptor, "image", command=acting(script))
    assert child.ask("volume", **WHOLE) == {"own": True}
    child.close()


def test_a_child_ends_with_whoever_asked_it(image: Path) -> None:
    asker = f"""
import os
from orchestrator.verify.raw.metadata_child import MetadataChild
child = MetadataChild(os.open({str(image)!r}, os.O_RDONLY), "image")
child.ask("volume", start=0, length={2 << 20})
print(child._process.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    told = subprocess.run([sys.executable, "-c", asker], capture_output=True, text=True, check=False)
    gone = Path("/proc", told.stdout.strip(), "stat")
    for _ in range(1000):  # an orphan is not ours to wait for
        try:
            if gone.read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except OSError:
            return
        os.sched_yield()
        subprocess.run(["true"], check=True)
    pytest.fail("the child lives on")


def test_a_child_starts_without_our_packages() -> None:
    listing = (
        f"import runpy, sys, json; runpy.run_path({str(SCRIPT)!r}); print(json.dumps(sorted(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-I", "-c", listing], capture_output=True, text=True, check=True)
    assert not [name for name in json.loads(said.stdout) if name.startswith("orchestrator")]
