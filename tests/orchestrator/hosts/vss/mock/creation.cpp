// DoSnapshotSet: rows a to p, with the timers of VSS.
#include "counted.hpp"
#include "state.hpp"

#include <vsserror.h>

namespace mock {
namespace {

constexpr double LONGEST_HOLD_MS = 10'000;  // fixed in VolSnap

// What VSS hands on of a provider's code.
HRESULT translated(HRESULT code) {
    switch (code) {
        case S_OK:
        case E_OUTOFMEMORY:
        case E_INVALIDARG:
        case VSS_E_PROVIDER_VETO:
        case VSS_E_INSUFFICIENT_STORAGE:
        case VSS_E_OBJECT_NOT_FOUND: return code;
        default: return VSS_E_UNEXPECTED_PROVIDER_ERROR;
    }
}

}  // namespace

bool Backup::takes_part(size_t writer) const {
    for (const auto& one : selected)
        if (one.first == writer) return true;
    return false;
}

HRESULT Backup::played(const char* step, HANDLE cancelled, const std::wstring& writer) const {
    const Fault* fault = script().fault(step, writer);
    if (!fault) return S_OK;
    if (fault->kind == "fail") return static_cast<HRESULT>(fault->value);
    say("%s %s", fault->kind.c_str(), step);
    DWORD wait = fault->kind == "hang" ? INFINITE : fault->value;
    for (const Writer& one : script().writers)  // VSS gives up on a writer, on a provider it does not
        if (wait == INFINITE && one.name == writer) wait = static_cast<DWORD>(one.longest_freeze_s * script().scale * 1000);
    if (WaitForSingleObject(cancelled, wait) == WAIT_OBJECT_0) return VSS_S_ASYNC_CANCELLED;
    return fault->kind == "hang" ? VSS_E_WRITERERROR_TIMEOUT : S_OK;
}

HRESULT Backup::event(const char* step, HANDLE cancelled, VSS_WRITER_STATE good, VSS_WRITER_STATE failed) {
    for (size_t index = 0; index < writers.size(); ++index) {
        if (!takes_part(index)) continue;
        const std::wstring& name = script().writers[index].name;
        const HRESULT code = played(step, cancelled, name);
        say("%s %ls %08lx", step, name.c_str(), static_cast<unsigned long>(code));
        if (code == VSS_S_ASYNC_CANCELLED) return code;
        if (writers[index].failure != S_OK) continue;  // it has dropped out before
        writers[index] = {FAILED(code) ? failed : good, code};
    }
    return S_OK;
}

void Backup::abort_writers() {
    for (size_t index = 0; index < writers.size(); ++index) {
        if (!takes_part(index)) continue;
        say("abort %ls", script().writers[index].name.c_str());
        if (writers[index].failure == S_OK) writers[index].state = VSS_WS_STABLE;
    }
}

HRESULT Backup::create(HANDLE cancelled) {
    ULONGLONG frozen = 0;
    bool held = false;
    const auto step = [&](const char* name, auto&& call) {
        HRESULT code = played(name, cancelled);
        if (code == S_OK) code = translated(call());
        say("%s %08lx", name, static_cast<unsigned long>(code));
        return code;
    };
    const auto failed = [&](HRESULT code) {
        if (held) say("release");
        if (provider.creation) provider.creation->AbortSnapshots(set_id);
        abort_writers();
        return code;
    };
    const auto nothing = [] { return S_OK; };
    IVssProviderCreateSnapshotSet* const to = provider.creation;

    HRESULT code = step("end_prepare", [&] { return to->EndPrepareSnapshots(set_id); });
    if (code != S_OK) return failed(code);
    // A writer that fails here or at the end is no failure of the set: its requestor has to look (VSS, "Aborting").
    code = event("prepare_snapshot", cancelled, VSS_WS_WAITING_FOR_FREEZE, VSS_WS_FAILED_AT_PREPARE_SNAPSHOT);
    if (code != S_OK) return failed(code);
    frozen = GetTickCount64();
    code = event("freeze", cancelled, VSS_WS_WAITING_FOR_THAW, VSS_WS_FAILED_AT_FREEZE);
    for (size_t index = 0; code == S_OK && index < writers.size(); ++index)
        if (writers[index].state == VSS_WS_FAILED_AT_FREEZE) code = writers[index].failure;
    if (code != S_OK) return failed(code);
    code = step("pre_commit", [&] { return to->PreCommitSnapshots(set_id); });
    if (code != S_OK) return failed(code);
    code = step("flush_hold", nothing);
    if (code != S_OK) return failed(code);

    held = true;
    say("hold");
    const ULONGLONG holding = GetTickCount64();
    code = step("commit", [&] { return to->CommitSnapshots(set_id); });
    const bool too_long = GetTickCount64() - holding > LONGEST_HOLD_MS * script().scale;
    if (too_long) code = VSS_E_HOLD_WRITES_TIMEOUT;
    if (code != S_OK) return failed(code);
    held = false;
    say("release");

    code = step("post_commit", [&] { return to->PostCommitSnapshots(set_id, volumes); });
    if (code != S_OK) return failed(code);
    const double freeze_s = (GetTickCount64() - frozen) / 1000.0;
    for (size_t index = 0; index < writers.size(); ++index)
        if (takes_part(index) && freeze_s > script().writers[index].longest_freeze_s * script().scale)
            writers[index] = {VSS_WS_FAILED_AT_THAW, VSS_E_WRITERERROR_TIMEOUT};
    code = event("thaw", cancelled, VSS_WS_WAITING_FOR_POST_SNAPSHOT, VSS_WS_FAILED_AT_THAW);
    if (code != S_OK) return failed(code);
    code = step("pre_final_commit", [&] { return to->PreFinalCommitSnapshots(set_id); });
    if (code != S_OK) return failed(code);
    code = event("post_snapshot", cancelled, VSS_WS_WAITING_FOR_BACKUP_COMPLETE, VSS_WS_FAILED_AT_POST_SNAPSHOT);
    if (code != S_OK) return failed(code);
    code = step("post_final_commit", [&] { return to->PostFinalCommitSnapshots(set_id); });
    return code == S_OK ? code : failed(code);
}

}  // namespace mock
