from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.facts import MapRow
from orchestrator.model.hosts import Component, DiskLayout, HostLun, HostVolume, Survey
from orchestrator.policy.topology import Claims, Topology, map_storage
from tests.orchestrator.policy.storage import CLAIMS, E, L, claim, database, host_volume, survey


def mapped(host: Survey, *components: Component, claims: Claims = CLAIMS, **lun_array: str) -> Topology:
    topology = map_storage(host, components, claims, {f"naa.{key}": name for key, name in lun_array.items()})
    assert isinstance(topology, Topology), topology
    return topology


def refused(host: Survey, *, claims: Claims = CLAIMS, **lun_array: str) -> list[tuple[str, str]]:
    findings = map_storage(
        host, (database(1),), claims, {f"naa.{key}": one for key, one in lun_array.items()}
    )
    assert not isinstance(findings, Topology)
    assert all(finding.fatal for finding in findings)
    return [(finding.code, finding.subject) for finding in findings]


def file_on(*host_volumes: HostVolume, file: str) -> str:
    """Return the LUN that a file is mapped to."""
    ids = {lun_id for one in host_volumes for lun in one.luns for lun_id in lun.lun_ids}
    claims = {lun_id: [claim("array", f"vol-{lun_id}", lun_id)] for lun_id in ids}
    component = replace(database(1), files=(file,))
    (row,) = mapped(survey(*host_volumes), component, claims=claims).rows
    return row.lun_id


def test_every_file_is_followed_down_and_the_rows_are_sorted() -> None:
    topology = mapped(survey(), database(2), database(1))
    assert topology.rows == (
        MapRow(r"E:\DB01\DB01.edb", E.name, "naa.e", "databases", "vol-e"),
        MapRow(r"E:\DB02\DB02.edb", E.name, "naa.e", "databases", "vol-e"),
        MapRow(r"L:\DB01\E01*.log", L.name, "naa.l", "logs", "vol-l"),
        MapRow(r"L:\DB02\E02*.log", L.name, "naa.l", "logs", "vol-l"),
    )
    assert topology.host_volumes == (E.name, L.name)
    assert {array: [one.volume_id for one in cut] for array, cut in topology.volumes_by_array.items()} == {
        "databases": ["vol-e"],
        "logs": ["vol-l"],
    }


def test_the_map_does_not_depend_on_the_order_in_which_things_are_reported() -> None:
    first = mapped(survey(E, L), database(1), database(2))
    assert mapped(survey(L, E), database(2), database(1)) == first


def test_the_longest_mount_point_wins() -> None:
    logs = host_volume("m", r"E:\DB01\Logs", "naa.m")
    assert file_on(E, logs, file=r"E:\DB01\Logs\E00.log") == "naa.m"
    assert file_on(logs, E, file=r"E:\DB01\Logs2\E00.log") == "naa.e"


@pytest.mark.parametrize(
    "file",
    [r"e:\db01\LOGS\E00.log", "E:/DB01/Logs/E00.log", r"\\?\E:\DB01\Logs\E00.log", r"\\?\Volume{M}\E00.log"],
)
def test_windows_spells_one_path_in_many_ways(file: str) -> None:
    assert file_on(E, host_volume("m", "E:\\DB01\\Logs\\", "naa.m"), file=file) == "naa.m"


def test_posix_paths_keep_their_case() -> None:
    root, data = host_volume("r", "/", "naa.r"), host_volume("d", "/srv/Data", "naa.d")
    assert file_on(root, data, file="/srv/Data/base/1") == "naa.d"
    assert file_on(root, data, file="/srv/data/base/1") == "naa.r"


def test_a_lun_is_known_by_any_of_its_identities() -> None:
    both_names = replace(E, luns=(HostLun(("eui.e", "naa.e")),))
    assert mapped(survey(both_names, L), database(1)).rows[0].lun_id == "eui.e"
    twice = {**CLAIMS, "eui.e": CLAIMS["naa.e"]}
    assert mapped(survey(both_names, L), database(1), claims=twice).rows[0].volume_id == "vol-e"


def test_two_host_volumes_on_one_lun_are_cut_once() -> None:
    host = survey(E, host_volume("l", "L:\\", "naa.e"))
    topology = mapped(host, database(1))
    assert [one.volume_id for one in topology.volumes_by_array["databases"]] == ["vol-e"]
    assert len(topology.host_volumes) == 2


def test_a_file_on_no_host_volume_is_refused() -> None:
    assert refused(survey(E)) == [("policy.host-volume-missing", r"L:\DB01\E01*.log")]


def test_a_lun_that_no_array_knows_is_refused() -> None:
    assert refused(survey(), claims={"naa.e": CLAIMS["naa.e"]}) == [("policy.lun-unknown", "naa.l (L:\\)")]


@pytest.mark.parametrize("volume", [replace(L, luns=()), replace(L, complete=False)])
def test_a_host_volume_whose_luns_the_host_cannot_identify_is_refused(volume: HostVolume) -> None:
    assert refused(survey(E, volume)) == [("policy.lun-unknown", "L:\\")]


def test_a_lun_that_two_arrays_claim_is_refused_unless_the_job_names_one() -> None:
    claims = {**CLAIMS, "naa.l": [*CLAIMS["naa.l"], claim("mirror", "vol-m", "naa.l")]}
    assert refused(survey(), claims=claims) == [("policy.lun-claimed-twice", "naa.l (L:\\)")]
    rows = mapped(survey(), database(1), claims=claims, l="mirror-name").rows
    assert rows[-1].array_id == "mirror"
    assert refused(survey(), claims=claims, l="another") == [("policy.lun-unknown", "naa.l (L:\\)")]


def test_array_volume_ids_of_different_arrays_are_not_mixed_up() -> None:
    same_id = {**CLAIMS, "naa.l": [*CLAIMS["naa.l"], claim("mirror", "vol-l", "naa.l")]}
    assert refused(survey(), claims=same_id) == [("policy.lun-claimed-twice", "naa.l (L:\\)")]
    other = host_volume("x", "X:\\", "naa.x")
    elsewhere = {**CLAIMS, "naa.x": [claim("mirror", "vol-e", "naa.x")]}
    assert mapped(survey(E, L, other), database(1), claims=elsewhere).host_volumes == (E.name, L.name)


def test_two_identities_of_a_lun_that_lead_to_two_array_volumes_are_refused() -> None:
    both_names = replace(L, luns=(HostLun(("naa.l", "eui.l")),))
    claims = {**CLAIMS, "eui.l": [claim("logs", "vol-x", "eui.l")]}
    assert refused(survey(E, both_names), claims=claims) == [("policy.lun-claimed-twice", "naa.l (L:\\)")]


@pytest.mark.parametrize("layout", [DiskLayout.DYNAMIC, DiskLayout.STORAGE_SPACES, DiskLayout.LVM])
def test_a_host_volume_over_several_luns_is_refused_unless_all_of_them_are_known(layout: DiskLayout) -> None:
    spanned = replace(host_volume("l", "L:\\", "naa.l", "naa.l2"), layout=layout)
    known = {**CLAIMS, "naa.l2": [claim("logs", "vol-l2", "naa.l2")]}
    assert refused(survey(E, spanned)) == [("policy.dynamic-disk", "L:\\")]
    assert refused(survey(E, replace(spanned, complete=False)), claims=known) == [
        ("policy.dynamic-disk", "L:\\")
    ]
    assert refused(survey(E, replace(spanned, luns=())), claims=known) == [("policy.dynamic-disk", "L:\\")]
    topology = mapped(survey(E, spanned), database(1), claims=known)
    assert [one.volume_id for one in topology.volumes_by_array["logs"]] == ["vol-l", "vol-l2"]


def test_a_bystander_on_a_lun_of_the_set_is_refused() -> None:
    bystander = host_volume("x", "X:\\", "naa.e")
    assert refused(survey(E, L, bystander)) == [("policy.bystander-volume", "X:\\")]


def test_a_bystander_is_found_by_the_array_volume_when_its_lun_has_another_name() -> None:
    bystander = host_volume("x", "X:\\", "eui.e")
    claims = {**CLAIMS, "eui.e": [claim("databases", "vol-e", "naa.e")]}
    assert refused(survey(E, L, bystander), claims=claims) == [("policy.bystander-volume", "X:\\")]


def test_a_host_volume_on_a_lun_of_its_own_is_no_bystander() -> None:
    other = host_volume("c", "C:\\", "naa.c")
    assert mapped(survey(other, E, L), database(1)).host_volumes == (E.name, L.name)


def test_a_source_that_is_itself_our_clone_is_refused() -> None:
    claims = {**CLAIMS, "naa.l": [claim("logs", "vol-l", "naa.l", ours=True)]}
    assert refused(survey(), claims=claims) == [("policy.source-is-clone", "naa.l (L:\\)")]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    bystander = host_volume("x", "X:\\", "naa.e")
    codes = [code for code, _ in refused(survey(E, bystander), claims={})]
    assert codes == ["policy.host-volume-missing", "policy.lun-unknown", "policy.bystander-volume"]
