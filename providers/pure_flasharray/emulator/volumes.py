"""/volumes: create, copy, overwrite, rename, resize, destroy, recover, eradicate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.lifecycle import eradicate, set_destroyed
from providers.pure_flasharray.emulator.naming import check_name
from providers.pure_flasharray.emulator.objects import ArrayVolume, VolumeSnapshot
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal
from providers.shared.emulation.media import copy, resize

MIN_BYTES: Final = 1 << 20
MAX_BYTES: Final = 4_503_599_627_370_496  # 4 PiB: the vendor's model of a volume
SECTOR_BYTES: Final = 512
FIELDS: Final = (
    "id name destroyed time_remaining connection_count created host_encryption_key_status pod "
    "promotion_status provisioned requested_promotion_state serial source space subtype volume_group"
)


def render(array: FlashArray, volume: ArrayVolume) -> Item:
    """Return a volume as the API shows it."""
    return {
        **volume.reference,
        **array.lifetime(volume),
        "connection_count": sum(1 for connection in array.connections if connection.volume is volume),
        "created": volume.created_ms,
        "host_encryption_key_status": "none",
        "pod": {},
        "promotion_status": "promoted",
        "provisioned": volume.provisioned,
        "requested_promotion_state": "promoted",
        "serial": volume.serial,
        "source": volume.origin,
        "space": {"total_provisioned": volume.provisioned, "snapshots": 0},
        "subtype": "regular",
        "volume_group": {},
    }


def get(array: FlashArray, call: Call) -> list[Item]:
    """List volumes."""
    return [render(array, volume) for volume in array.volumes.shown(call)]


def post(array: FlashArray, call: Call) -> list[Item]:
    """Create volumes, empty or as copies; with `overwrite`, give existing ones the bytes of a copy."""
    names, body = call.required("names"), call.body
    if ("source" in body) == ("provisioned" in body):
        raise Refusal("Exactly one of source and provisioned is required.", names[0])
    if "full" in call.faults:
        raise Refusal("Volume limit reached.", array.name)
    source = _source(array, body["source"]) if "source" in body else None
    if call.flag("overwrite"):
        return [render(array, volume) for volume in _overwrite(array, names, source)]
    for name in names:
        check_name(name)
        array.volumes.check_free(name)
    if source is None:
        _check_size(body["provisioned"], names[0])
        return [render(array, create(array, name, body["provisioned"])) for name in names]
    with array.media.writers_out():
        return [render(array, create(array, name, source.provisioned, source)) for name in names]


def _overwrite(
    array: FlashArray, names: list[str], source: ArrayVolume | VolumeSnapshot | None
) -> list[ArrayVolume]:
    targets = [array.volumes.live(name) for name in names]
    if source is None or source in targets:
        raise Refusal("To overwrite a volume takes another one as source.", names[0])
    with array.media.writers_out():
        for target in targets:
            copy(source.path, target.path)
            target.provisioned, target.origin = source.provisioned, _origin(source)
    return targets


def create(
    array: FlashArray, name: str, size_bytes: int, source: ArrayVolume | VolumeSnapshot | None = None
) -> ArrayVolume:
    """Make one volume; `writers_out` must be held when its source is a volume in use."""
    serial = array.next_serial()
    volume = ArrayVolume(
        name=name,
        serial=serial,
        provisioned=size_bytes,
        path=array.media.volume_path(serial),
        created_ms=array.clock.now_ms(),
        origin=_origin(source) if source else {},
    )
    if source:
        copy(source.path, volume.path)
    else:
        resize(volume.path, size_bytes)
    array.volumes.add(volume)
    return volume


def patch(array: FlashArray, call: Call) -> list[Item]:
    """Rename, resize, destroy or recover volumes."""
    volumes, body = array.volumes.chosen(call), call.body
    if "destroyed" in body:
        _check_unconnected(array, volumes)
        set_destroyed(array, array.volumes, volumes, body["destroyed"])
        return [render(array, volume) for volume in volumes]
    for volume in volumes:
        array.volumes.live(volume.name)
    if "provisioned" in body:
        for volume in volumes:
            _check_size(body["provisioned"], volume.name)
            if body["provisioned"] < volume.provisioned and not call.flag("truncate"):
                raise Refusal("A smaller size needs the parameter truncate.", volume.name)
        for volume in volumes:
            with array.media.writers_out():
                resize(volume.path, body["provisioned"])
            volume.provisioned = body["provisioned"]
    if "name" in body:
        _rename(array, volumes, body["name"])
    return [render(array, volume) for volume in volumes]


def delete(array: FlashArray, call: Call) -> None:
    """Eradicate destroyed volumes."""
    eradicate(array, array.volumes.chosen(call), call)


def _source(array: FlashArray, reference: Mapping[str, str]) -> ArrayVolume | VolumeSnapshot:
    if not reference:
        raise Refusal("A reference needs a name or an id.", "source")
    source = array.volume_snapshots.referred(reference) or array.volumes.referred(reference)
    if source is None:
        raise Refusal("No such volume or snapshot.", next(iter(reference.values())))
    return source


def _origin(source: ArrayVolume | VolumeSnapshot) -> dict[str, str]:
    return source.source.reference if isinstance(source, VolumeSnapshot) else source.reference


def _check_size(size_bytes: int, context: str) -> None:
    if size_bytes % SECTOR_BYTES or not MIN_BYTES <= size_bytes <= MAX_BYTES:
        raise Refusal("Invalid size: a multiple of 512 from 1 MiB to 4 PiB.", context)


def _check_unconnected(array: FlashArray, volumes: list[ArrayVolume]) -> None:
    for connection in array.connections:
        if connection.volume in volumes:
            raise Refusal("Volume cannot be deleted due to existing connections.", connection.volume.name)


def _rename(array: FlashArray, volumes: list[ArrayVolume], name: str) -> None:
    if len(volumes) != 1:
        raise Refusal("One volume at a time can be renamed.", name)
    check_name(name)
    array.volumes.check_free(name)
    array.volumes.rename(volumes[0], name)
    for replica in array.volume_snapshots:
        if replica.source is volumes[0] and replica.part_of is None:
            array.volume_snapshots.rename(replica, f"{name}.{replica.suffix}")
