// LUN identities on the wire. Interconnects stay out: a provider may not touch them, and VSS ignores them.
#pragma once

#include <vdslun.h>
#include <vss.h>

#include "wire.hpp"

namespace quiesce {

void put_lun(Writer& put, const VDS_LUN_INFORMATION& lun);
void put_luns(Writer& put, LONG count, VSS_PWSZ* devices, const VDS_LUN_INFORMATION* luns);

// Fills an identity with memory that the caller frees by CoTaskMemFree. False: nothing is left allocated in it.
bool get_lun(Reader& get, VDS_LUN_INFORMATION& lun);
void free_lun(VDS_LUN_INFORMATION& lun);

}  // namespace quiesce
