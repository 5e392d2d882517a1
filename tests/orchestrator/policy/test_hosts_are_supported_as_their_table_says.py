from __future__ import annotations

import pytest

from orchestrator.policy.supported_hosts import (
    APPLICATIONS,
    WINDOWS,
    HostPath,
    SupportedApplication,
    WindowsRelease,
    check_host,
    paths_of,
    release_of,
)
from orchestrator.policy.supported_hosts_table import BEGIN, END, with_tables

PATHS = {
    "Windows 2000": (),
    "Windows XP": (),
    "Windows Server 2003": ("qemu-guest-agent",),
    "Windows Server 2008": ("qemu-guest-agent",),
    "Windows Server 2008 R2": ("qemu-guest-agent",),
    "Windows Server 2012": ("qemu-guest-agent",),
    "Windows Server 2012 R2": ("qemu-guest-agent",),
    "Windows Server 2016": ("agent", "qemu-guest-agent"),
    "Windows Server 2019": ("agent", "qemu-guest-agent"),
    "Windows Server 2022": ("agent", "qemu-guest-agent"),
    "Windows Server 2025": ("agent", "qemu-guest-agent"),
}


@pytest.mark.parametrize("release", WINDOWS, ids=lambda one: one.name)
@pytest.mark.parametrize("kind", HostPath)
def test_a_host_is_refused_where_no_path_leads(release: WindowsRelease, kind: HostPath) -> None:
    for product in (f"{release.name} Standard, agent 1.0", f"Microsoft Windows NT {release.kernel}.1"):
        findings = check_host(kind, "EX01", product)
        assert bool(findings) is (kind not in PATHS[release.name])
        for finding in findings:
            assert (finding.code, finding.subject, finding.fatal) == ("policy.host-unsupported", "EX01", True)
            assert release.name in finding.text
            assert release.reason in finding.text
            remains = [f"--kind {each}" for each in PATHS[release.name]]
            assert all(each in finding.text for each in remains or ["no path to it is left"])


def test_the_table_has_a_path_or_a_reason_for_each_release() -> None:
    assert {release.name: release.paths for release in WINDOWS} == PATHS
    for release in WINDOWS:
        assert bool(release.reason) is (release.paths != tuple(HostPath)), release.name


@pytest.mark.parametrize("application", APPLICATIONS, ids=lambda one: one.name)
def test_an_application_is_reached_as_the_windows_below_it(application: SupportedApplication) -> None:
    names = {release.name for release in WINDOWS}
    assert set(application.runs_on) <= names
    for release in WINDOWS:
        expected = release.paths if release.name in application.runs_on else ()
        assert paths_of(application, release) == expected
    assert any(paths_of(application, release) for release in WINDOWS)


@pytest.mark.parametrize(
    ("product", "name"),
    [
        ("Windows Server 2012 R2 Datacenter", "Windows Server 2012 R2"),
        ("Windows Server 2012 Standard", "Windows Server 2012"),
        ("Microsoft(R) Windows(R) Server 2003, Enterprise Edition", "Windows Server 2003"),
        ("Windows Server® 2008 Standard", "Windows Server 2008"),
        ("WINDOWS  SERVER 2019", "Windows Server 2019"),
        ("Windows 10.0.17763, agent 1.2.3", "Windows Server 2019"),
        ("Windows 6.3.9600", "Windows Server 2012 R2"),
        ("Windows Server 2028 Standard", None),
        ("Windows 10.0.19045", None),  # a desktop: nothing is known of it
        ("Linux 5.2.21", None),  # a kernel's number, and no Windows
        ("Linux 6.1.0", None),
        ("Emulated Exchange", None),
        ("", None),
    ],
)
def test_a_product_text_tells_its_windows(product: str, name: str | None) -> None:
    release = release_of(product)
    assert (release and release.name) == name


@pytest.mark.parametrize("kind", ["fsfreeze", "emulated-exchange", "somebodys-own"])
def test_another_kind_is_not_judged_by_the_table(kind: str) -> None:
    assert check_host(kind, "EX01", "Windows Server 2003") == ()


def test_the_page_shows_every_row_between_its_marks() -> None:
    page = with_tables(f"Before.\n{BEGIN}\nold\n{END}\nAfter.\n")
    assert page.startswith(f"Before.\n{BEGIN}\n")
    assert page.endswith(f"{END}\nAfter.\n")
    assert with_tables(page) == page
    assert "old" not in page
    assert "| Windows Server 2016 | yes | yes | - |" in page
    assert "| Exchange 2016 | Windows Server 2012 R2 | no | yes | - |" in page
    rows = len(WINDOWS) + sum(len(application.runs_on) for application in APPLICATIONS)
    assert len([line for line in page.splitlines() if line.startswith("| ")]) == rows + 4


@pytest.mark.parametrize("page", ["nothing", f"only {BEGIN}", f"only {END}"])
def test_a_page_without_its_marks_is_not_written(page: str) -> None:
    with pytest.raises(ValueError, match="lacks"):
        with_tables(page)
