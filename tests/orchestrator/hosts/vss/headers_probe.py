"""Asks a compiler for slots, ids, argument sizes and offsets: a C++ program written from our tables."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from orchestrator.hosts.vss.com import structs
from orchestrator.hosts.vss.com.interfaces import INTERFACES, Interface

STRUCTS = {
    "VSS_SNAPSHOT_PROP": structs.SnapshotProp,
    "VSS_PROVIDER_PROP": structs.ProviderProp,
    "VSS_OBJECT_PROP": structs.ObjectProp,
    "VSS_COMPONENTINFO": structs.ComponentInfo,
    "VDS_STORAGE_IDENTIFIER": structs.StorageIdentifier,
    "VDS_STORAGE_DEVICE_ID_DESCRIPTOR": structs.StorageDeviceIdDescriptor,
    "VDS_INTERCONNECT": structs.Interconnect,
    "VDS_LUN_INFORMATION": structs.LunInformation,
}

# What one argument takes, by the code of our table; whatever is filled in for us is a pointer.
SIZES = {"G": 16, "b": 1, "L": 4, "u": 4, "i": 4, "e": 4, "h": 4, "FT": 8, "VAR": 24}

HEAD = r"""
#include <windows.h>
#include <vss.h>
#include <vswriter.h>
#include <vsbackup.h>
#include <vsprov.h>
#include <vsadmin.h>
#include <vdslun.h>
#include <cstddef>
#include <cstdio>
#include <cstring>

// A pointer to a virtual member is one more than the offset of its slot (Itanium C++ ABI 2.3).
template <class R, class C, class... A> void slot(const char* name, R (STDMETHODCALLTYPE C::*method)(A...)) {
    ptrdiff_t at;
    memcpy(&at, &method, sizeof at);
    printf("%s %d", name, int((at - 1) / 8));
    const size_t sizes[] = {sizeof(A)..., 0};
    for (const size_t* one = sizes; *one; ++one) printf(" %d", int(*one));
    printf("\n");
}
void id(const char* name, const GUID& guid) {
    printf("%s {%08lx-%04x-%04x-", name, guid.Data1, guid.Data2, guid.Data3);
    printf("%02x%02x-", guid.Data4[0], guid.Data4[1]);
    for (int at = 2; at < 8; ++at) printf("%02x", guid.Data4[at]);
    printf("}\n");
}
int main() {
"""


def source() -> str:
    """Return a program that prints what the headers say of everything in our tables."""
    lines = [HEAD]
    for interface in INTERFACES.values():
        if interface.iid:
            lines.append(f'id("{interface.name}", __uuidof({interface.name}));')
        for method in _asked(interface):
            lines.append(f'slot("{interface.name}.{method}", &{interface.name}::{method});')
    for name, struct in STRUCTS.items():
        lines.append(f'printf("{name} %d\\n", int(sizeof({name})));')
        for field, *_ in struct._fields_:
            lines.append(f'printf("{name}.{field} %d\\n", int(offsetof({name}, {field})));')
    return "\n".join([*lines, "}"])


def ours() -> list[str]:
    """Return the same lines by our tables."""
    return [*(line for one in INTERFACES.values() for line in _interface(one)), *_structs()]


def _asked(one: Interface) -> Iterator[str]:
    # mingw-w64 gives QueryInterface a second form, so that its name alone says too little.
    return (name for name in one.methods if name != "QueryInterface")


def _interface(one: Interface) -> Iterator[str]:
    if one.iid:
        yield f"{one.name} {{{one.iid}}}"
    for name in _asked(one):
        method = one.methods[name]
        sizes = [str(SIZES.get(code, 8)) for code in method.codes]
        yield " ".join([f"{one.name}.{method.name}", str(method.slot), *sizes])


def _structs() -> Iterator[str]:
    for name, struct in STRUCTS.items():
        yield f"{name} {ctypes.sizeof(struct)}"
        for field, *_ in struct._fields_:
            yield f"{name}.{field} {getattr(struct, field).offset}"
