from __future__ import annotations

import re
from importlib.metadata import Distribution, distribution
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

from tests.architecture.project import ROOT, SETTINGS, our_files

MAX_LINES: Final = 400
PINNED: Final = re.compile(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*")
FOLDERS: Final = ("orchestrator", "providers", "tests", "docs", "changes", "examples")
FRAGMENT: Final = re.compile(r"(\d+|\+[a-z0-9-]+)\.(KIND)\.md")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def overlong(paths: list[Path]) -> list[str]:
    return [name_of(path) for path in paths if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES]


def dead_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead to nothing."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    return [f"{page.name}: {target}" for target in targets if target and not (page.parent / target).exists()]


def dead_paths(page: Path) -> list[str]:
    """Return the paths that a page names, from the root of the project, and that are not there."""
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", page.read_text(encoding="utf-8"))
    return [f"{page.name}: {path}" for path in named if not (ROOT / path).exists()]


def installed_for_us() -> set[str]:
    """Return name and version of every package that ours and its groups need, directly or not.

    But for what `make bench` alone installs.
    """
    groups = (needs for name, needs in SETTINGS["dependency-groups"].items() if name != "bench")
    wanted = [*SETTINGS["project"]["dependencies"], *chain(*groups)]
    found: dict[str, Distribution] = {}
    while wanted:
        need = Requirement(wanted.pop())
        if need.name.lower() in found or not (need.marker is None or need.marker.evaluate({"extra": ""})):
            continue
        found[need.name.lower()] = distribution(need.name)
        wanted += found[need.name.lower()].requires or []
    return {f"{package.name}=={package.version}" for package in found.values()}


def badly_named(names: list[str]) -> list[str]:
    kinds = "|".join(kind["directory"] for kind in SETTINGS["tool"]["towncrier"]["type"])
    pattern = re.compile(FRAGMENT.pattern.replace("KIND", kinds))
    return [name for name in names if not pattern.fullmatch(name)]


def test_no_file_is_too_long() -> None:
    assert overlong(our_files("*.py")) == []


def test_a_file_that_is_too_long_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "a.py").write_text("\n" * (MAX_LINES + 1), encoding="utf-8")
    assert overlong([tmp_path / "a.py"]) == ["a.py"]


def test_no_file_names_the_place_where_it_was_written() -> None:
    place = b"/" + b"work" + b"/"
    assert [name_of(path) for path in our_files() if place in path.read_bytes()] == []


def test_the_tools_name_packages_and_no_addresses() -> None:
    tools = our_files("Makefile", ".ci/*", "pyproject.toml", "constraints.txt", "*/requirements.txt")
    assert len(tools) >= 5
    assert [name_of(path) for path in tools if "://" in path.read_text(encoding="utf-8")] == []


def test_constraints_are_pins_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#") and not PINNED.fullmatch(line)] == []


def test_everything_that_make_installs_is_pinned() -> None:
    pins = set((ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines())
    assert sorted(installed_for_us() - pins) == []


def test_every_dependency_has_its_reason_on_record() -> None:
    reasons = (ROOT / "docs" / "decisions" / "0007-dependencies.md").read_text(encoding="utf-8")
    wanted = [*SETTINGS["project"]["dependencies"], *chain(*SETTINGS["dependency-groups"].values())]
    names = {Requirement(need).name.removeprefix("pytest-") for need in wanted}
    assert sorted(name for name in names if not re.search(rf"^\|.*\b{name}\b", reasons, re.MULTILINE)) == []


def test_links_between_pages_lead_somewhere() -> None:
    assert [link for page in our_files("*.md") for link in dead_links(page)] == []


def test_a_link_to_nothing_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[a](page.md#part) [b](gone.md) [c](https://example.com) [d](#here)", encoding="utf-8")
    assert dead_links(page) == ["page.md: gone.md"]


def test_paths_that_pages_name_are_there() -> None:
    decided = ROOT / "docs" / "decisions"  # never edited, so they may name what has moved since
    pages = [page for page in our_files("*.md") if decided not in page.parents]
    assert [path for page in pages for path in dead_paths(page)] == []


def test_a_path_to_nothing_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`docs/README.md` `docs/` `docs/gone.md` `run docs/gone.md`", encoding="utf-8")
    assert dead_paths(page) == ["page.md: docs/gone.md"]


def test_change_fragments_are_named_by_the_rule() -> None:
    assert badly_named([path.name for path in our_files("changes/*.md") if path.name != "README.md"]) == []


@pytest.mark.parametrize("name", ["12.bug.md", "first.feature.md", "12.feature.txt", "12.feature"])
def test_a_fragment_of_another_name_is_seen(name: str) -> None:
    assert badly_named([name, "12.fix.md", "+first-clone.feature.md"]) == [name]
