#pragma once

#include <vsbackup.h>

#include "state.hpp"

namespace mock {

IVssExamineWriterMetadataEx* examine(const Writer& writer);
IVssWriterComponentsExt* components_of(const Backup& backup, size_t writer);

}  // namespace mock
