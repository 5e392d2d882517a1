#include "luns.hpp"

#include <objbase.h>

namespace quiesce {
namespace {

constexpr uint16_t MOST_IDENTIFIERS = 64;

void put_string(Writer& put, const char* value) { put.counted(value, value ? strnlen(value, 0xFFFF) : 0); }

// Copies a counted value, with a zero behind it; null for an empty one.
uint8_t* get_counted(Reader& get, ULONG* length = nullptr) {
    const auto count = get.number<uint16_t>();
    const uint8_t* here = get.bytes(count);
    if (length) *length = here ? count : 0;
    if (!here || !count) return nullptr;
    auto copy = static_cast<uint8_t*>(CoTaskMemAlloc(count + 1u));
    if (copy) {
        memcpy(copy, here, count);
        copy[count] = 0;
    } else {
        get.spoil();
        if (length) *length = 0;
    }
    return copy;
}

char* get_string(Reader& get) { return reinterpret_cast<char*>(get_counted(get)); }

void get_identifiers(Reader& get, VDS_STORAGE_DEVICE_ID_DESCRIPTOR& ids) {
    ids.m_version = get.number<uint32_t>();
    const auto count = get.number<uint16_t>();
    if (count > MOST_IDENTIFIERS) get.spoil();
    if (!count || !get.good()) return;
    const size_t size = count * sizeof(VDS_STORAGE_IDENTIFIER);
    ids.m_rgIdentifiers = static_cast<VDS_STORAGE_IDENTIFIER*>(CoTaskMemAlloc(size));
    if (!ids.m_rgIdentifiers) return get.spoil();
    memset(ids.m_rgIdentifiers, 0, size);
    ids.m_cIdentifiers = count;
    for (uint16_t index = 0; index < count; ++index) {
        VDS_STORAGE_IDENTIFIER& one = ids.m_rgIdentifiers[index];
        one.m_CodeSet = static_cast<VDS_STORAGE_IDENTIFIER_CODE_SET>(get.number<uint32_t>());
        one.m_Type = static_cast<VDS_STORAGE_IDENTIFIER_TYPE>(get.number<uint32_t>());
        one.m_rgbIdentifier = get_counted(get, &one.m_cbIdentifier);
    }
}

}  // namespace

void put_lun(Writer& put, const VDS_LUN_INFORMATION& lun) {
    put.number<uint32_t>(lun.m_version);
    put.number(lun.m_DeviceType);
    put.number(lun.m_DeviceTypeModifier);
    put.number<uint32_t>(lun.m_bCommandQueueing);
    put.number<uint32_t>(lun.m_BusType);
    put_string(put, lun.m_szVendorId);
    put_string(put, lun.m_szProductId);
    put_string(put, lun.m_szProductRevision);
    put_string(put, lun.m_szSerialNumber);
    put.number(lun.m_diskSignature);
    const VDS_STORAGE_DEVICE_ID_DESCRIPTOR& ids = lun.m_deviceIdDescriptor;
    const ULONG count = ids.m_rgIdentifiers && ids.m_cIdentifiers <= MOST_IDENTIFIERS ? ids.m_cIdentifiers : 0;
    put.number<uint32_t>(ids.m_version);
    put.number(static_cast<uint16_t>(count));
    for (ULONG index = 0; index < count; ++index) {
        const VDS_STORAGE_IDENTIFIER& one = ids.m_rgIdentifiers[index];
        put.number<uint32_t>(one.m_CodeSet);
        put.number<uint32_t>(one.m_Type);
        put.counted(one.m_rgbIdentifier, one.m_rgbIdentifier ? one.m_cbIdentifier : 0);
    }
}

void put_luns(Writer& put, LONG count, VSS_PWSZ* devices, const VDS_LUN_INFORMATION* luns) {
    put.number(static_cast<uint16_t>(count));
    for (LONG index = 0; index < count; ++index) {
        if (devices) put.text(devices[index]);
        put_lun(put, luns[index]);
    }
}

bool get_lun(Reader& get, VDS_LUN_INFORMATION& lun) {
    memset(&lun, 0, sizeof lun);
    lun.m_version = get.number<uint32_t>();
    lun.m_DeviceType = get.number<uint8_t>();
    lun.m_DeviceTypeModifier = get.number<uint8_t>();
    lun.m_bCommandQueueing = get.number<uint32_t>() ? TRUE : FALSE;
    lun.m_BusType = static_cast<VDS_STORAGE_BUS_TYPE>(get.number<uint32_t>());
    lun.m_szVendorId = get_string(get);
    lun.m_szProductId = get_string(get);
    lun.m_szProductRevision = get_string(get);
    lun.m_szSerialNumber = get_string(get);
    lun.m_diskSignature = get.number<GUID>();
    get_identifiers(get, lun.m_deviceIdDescriptor);
    if (get.good()) return true;
    free_lun(lun);
    return false;
}

void free_lun(VDS_LUN_INFORMATION& lun) {
    CoTaskMemFree(lun.m_szVendorId);
    CoTaskMemFree(lun.m_szProductId);
    CoTaskMemFree(lun.m_szProductRevision);
    CoTaskMemFree(lun.m_szSerialNumber);
    VDS_STORAGE_DEVICE_ID_DESCRIPTOR& ids = lun.m_deviceIdDescriptor;
    for (ULONG index = 0; ids.m_rgIdentifiers && index < ids.m_cIdentifiers; ++index)
        CoTaskMemFree(ids.m_rgIdentifiers[index].m_rgbIdentifier);
    CoTaskMemFree(ids.m_rgIdentifiers);
    memset(&lun, 0, sizeof lun);
}

}  // namespace quiesce
