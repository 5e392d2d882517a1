#include "relay.hpp"

#include "return_codes.hpp"

namespace quiesce {

Relay Relay::only;

Relay::Relay() : given_up_(CreateEventW(nullptr, TRUE, FALSE, nullptr)), pipe_(given_up_) {
    InitializeCriticalSection(&lock_);
}

Relay& Relay::instance() { return only; }

void Relay::object_gone() {
    if (InterlockedDecrement(&objects_) == 0) unload();
}

void Relay::unload() {
    const Lock held(lock_);
    if (is_open(set_.state)) tell_abort();
    pipe_.close();
    write_reason();
}

void Relay::begin(const GUID& set) {
    const Lock held(lock_);
    if (IsEqualGUID(set_.id, set) && set_.state == VSS_SS_PREPARING) return;
    if (is_open(set_.state)) tell_abort();  // its requestor died without a word to us
    write_reason();
    ResetEvent(given_up_);
    set_ = SnapshotSet{};
    set_.id = set;
    set_.state = VSS_SS_PREPARING;
}

bool Relay::in_order(Method method, const GUID& set) {
    if (IsEqualGUID(set_.id, set) && after(method, set_.state) != VSS_SS_ABORTED) return true;
    reason_ = L"VSS called out of order";
    if (is_open(set_.state)) pipe_.close();  // how the agent learns it, without a wait
    set_.state = VSS_SS_ABORTED;
    return false;
}

HRESULT Relay::settled(Method method, HRESULT code) {
    set_.state = code == S_OK ? after(method, set_.state) : VSS_SS_ABORTED;
    return code;
}

HRESULT Relay::end_prepare(const GUID& set) {
    Call call(Method::EndPrepare, set);
    if (!in_order(Method::EndPrepare, set)) return VETO;
    HRESULT code = call.ask_within(END_PREPARE_MS);
    if (code == S_OK) {
        set_.dead_man = call.get().number<uint64_t>();
        set_.longest_hold_ms = call.get().number<uint32_t>();
        code = call.whole();
        const uint64_t now = GetTickCount64();
        if (code == S_OK && (set_.dead_man <= now || set_.dead_man - now > LONGEST_FREEZE_MS ||
                             set_.longest_hold_ms == 0 || set_.longest_hold_ms > LONGEST_HOLD_MS))
            code = call.broken(Ended::Malformed, L"the agent's deadlines make no sense");
    }
    return settled(Method::EndPrepare, code);
}

HRESULT Relay::reached(Method method, const GUID& set, uint32_t limit_ms) {
    Call call(method, set);
    if (!in_order(method, set)) return VETO;
    HRESULT code = call.ask_within(limit_ms);
    if (code == S_OK) code = call.whole();
    return settled(method, code);
}

HRESULT Relay::commit(const GUID& set) {
    Call call(Method::Commit, set);
    if (!in_order(Method::Commit, set)) return VETO;
    LARGE_INTEGER frequency, entered, left;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&entered);
    const uint64_t by_hold = GetTickCount64() + set_.longest_hold_ms;
    // Blocks for as long as the hold is wanted: the agent answers when the arrays have cut, or not at all.
    HRESULT code = call.ask(by_hold < set_.dead_man ? by_hold : set_.dead_man);
    if (code == S_OK) code = call.whole();
    QueryPerformanceCounter(&left);
    set_.ended = call.how();
    set_.hold_us = static_cast<uint64_t>(left.QuadPart - entered.QuadPart) * 1'000'000 / frequency.QuadPart;
    return settled(Method::Commit, code);
}

HRESULT Relay::post_commit(const GUID& set, LONG copies) {
    Call call(Method::PostCommit, set);
    if (!in_order(Method::PostCommit, set)) return VETO;
    call.put().number<int32_t>(copies);
    call.put().number(set_.ended);
    call.put().number(set_.hold_us);
    HRESULT code = call.ask_within(FROZEN_ANSWER_MS);
    if (code == S_OK) code = call.whole();
    return settled(Method::PostCommit, code);
}

HRESULT Relay::abort(const GUID& set) {
    SetEvent(given_up_);  // ends the wait of a call in progress, which holds the lock
    const Lock held(lock_);
    ResetEvent(given_up_);
    // One that VSS has begun elsewhere, or that is made: nothing of ours to drop.
    if (!IsEqualGUID(set_.id, set) || set_.state == VSS_SS_CREATED) return S_OK;
    tell_abort();
    return S_OK;
}

void Relay::tell_abort() {
    Call call(Method::Abort, set_.id);
    call.put().number(set_.ended);
    call.put().number(set_.hold_us);
    (void)call.ask_within(ANSWER_MS);  // an agent that does not hear it sees the connection end
    set_.state = VSS_SS_ABORTED;
}

bool Relay::current_set(GUID& set) {
    const Lock held(lock_);
    set = set_.id;
    return has_targets(set_.state);
}

// A veto without an event is a riddle. Written only where nothing is frozen: before a set, or at the end.
void Relay::write_reason() {
    if (!reason_) return;
    if (HANDLE log = RegisterEventSourceW(nullptr, L"Quiesce VSS Provider")) {
        ReportEventW(log, EVENTLOG_ERROR_TYPE, 0, 1, nullptr, 1, 0, &reason_, nullptr);
        DeregisterEventSource(log);
    }
    reason_ = nullptr;
}

}  // namespace quiesce
