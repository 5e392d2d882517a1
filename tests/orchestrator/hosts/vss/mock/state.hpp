// One backup: what the requestor has said so far, and how the writers fare.
#pragma once

#include <vss.h>
#include <vswriter.h>
#include <vsbackup.h>
#include <vsprov.h>

#include <map>
#include <set>

#include "script.hpp"

namespace mock {

struct WriterStatus {
    VSS_WRITER_STATE state = VSS_WS_STABLE;
    HRESULT failure = S_OK;
};

// The DLL under test, loaded into this process and called as VSS calls it.
struct Provider {
    IVssSoftwareSnapshotProvider* software = nullptr;
    IVssProviderCreateSnapshotSet* creation = nullptr;
    IVssProviderNotifications* notifications = nullptr;
    HRESULT load();
    void unload();
};

struct Backup {
    std::vector<WriterStatus> writers{script().writers.size()};
    std::set<std::pair<size_t, size_t>> selected;  // writer, component
    Provider provider;
    VSS_ID set_id = GUID_NULL;
    LONG context = 0;
    LONG volumes = 0;
    bool prepared = false;

    bool takes_part(size_t writer) const;
    // Steps at which no provider is asked: S_OK, or what the script wants. Hangs until cancelled.
    HRESULT played(const char* step, HANDLE cancelled, const std::wstring& writer = L"") const;
    // A writer event for each writer that takes part.
    HRESULT event(const char* step, HANDLE cancelled, VSS_WRITER_STATE good, VSS_WRITER_STATE failed);
    HRESULT create(HANDLE cancelled);
    void abort_writers();
};

}  // namespace mock
