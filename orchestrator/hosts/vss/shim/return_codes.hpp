// What a VSS provider may return. VSS turns everything else into VSS_E_UNEXPECTED_PROVIDER_ERROR (0x8004230F).
#pragma once

#include <vss.h>
#include <vsserror.h>

#include "wire.hpp"

namespace quiesce {

constexpr HRESULT VETO = VSS_E_PROVIDER_VETO;

// Lists: the pages of each method in Microsoft's sdk-api documentation (vsprov).
constexpr bool permitted(Method method, HRESULT code) {
    if (code == S_OK || code == E_OUTOFMEMORY || code == E_INVALIDARG || code == VETO) return true;
    if (method == Method::BeginVolume || method == Method::BeginLuns)
        return code == VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED || code == VSS_E_UNSUPPORTED_CONTEXT ||
               code == VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER || code == VSS_E_NESTED_VOLUME_LIMIT;
    if (method == Method::EndPrepare) return code == VSS_E_INSUFFICIENT_STORAGE || code == VSS_E_OBJECT_NOT_FOUND;
    return false;
}

}  // namespace quiesce
