// What every VSS method here does: ask the agent, within a time, and veto unless a good answer came.
#pragma once

#include "pipe.hpp"
#include "set_states.hpp"

namespace quiesce {

// Longest waits, in milliseconds. Commit has none here: its limit comes with the answer to EndPrepare.
constexpr uint32_t ANSWER_MS = 5'000;           // nothing is frozen
constexpr uint32_t END_PREPARE_MS = 600'000;    // the prepare budget: ten minutes
constexpr uint32_t FROZEN_ANSWER_MS = 2'000;    // Microsoft's advice for PreCommit and PostCommit: 1 to 2 s
constexpr uint32_t LOCATE_MS = 60'000;          // the array presents LUNs
constexpr uint32_t LONGEST_HOLD_MS = 9'000;     // VSS ends a hold after 10 s; whatever the agent says, we leave before
constexpr uint32_t LONGEST_FREEZE_MS = 60'000;  // of any writer: a dead man later than this is a mistake

struct SnapshotSet {
    GUID id = GUID_NULL;
    VSS_SNAPSHOT_STATE state = VSS_SS_UNKNOWN;
    uint64_t dead_man = 0;  // GetTickCount64, from the agent
    uint32_t longest_hold_ms = 0;
    Ended ended = Ended::NeverHeld;
    uint64_t hold_us = 0;
};

class Lock {
  public:
    explicit Lock(CRITICAL_SECTION& section) : section_(section) { EnterCriticalSection(&section_); }
    ~Lock() { LeaveCriticalSection(&section_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    CRITICAL_SECTION& section_;
};

// One for the process: VSS makes and drops our objects often, and one set is in creation at a time.
class Relay {
  public:
    static Relay& instance();

    void object_made() { InterlockedIncrement(&objects_); }
    void object_gone();
    bool idle() const { return objects_ == 0; }

    // A set's first volume, or another one; a set left open before it is aborted.
    void begin(const GUID& set);
    HRESULT end_prepare(const GUID& set);
    HRESULT commit(const GUID& set);
    HRESULT post_commit(const GUID& set, LONG copies);
    // PreCommit and the final pair, which only say that they were reached.
    HRESULT reached(Method method, const GUID& set, uint32_t limit_ms);
    HRESULT abort(const GUID& set);
    // GetTargetLuns has no set among its arguments.
    bool current_set(GUID& set);
    // What is still open is aborted.
    void unload();

  private:
    friend class Call;
    static Relay only;  // made when the DLL is loaded, by one thread
    Relay();
    bool in_order(Method method, const GUID& set);
    HRESULT settled(Method method, HRESULT code);
    void tell_abort();
    void write_reason();

    CRITICAL_SECTION lock_;
    HANDLE given_up_;
    Pipe pipe_;
    Frame request_{};
    Frame answer_{};
    uint32_t sequence_ = 0;
    LONG volatile objects_ = 0;
    SnapshotSet set_;
    const wchar_t* reason_ = nullptr;  // of the last veto; goes to the event log once nothing is frozen
};

// A call to the agent. Holds the lock from the first word to the last.
class Call {
  public:
    Call(Method method, const GUID& set);

    Writer& put() { return put_; }
    Reader& get() { return get_; }
    // Sends, waits, checks. After S_OK `get()` is at the answer's own fields; a refusal has none.
    HRESULT ask(uint64_t deadline);
    HRESULT ask_within(uint32_t limit_ms) { return ask(GetTickCount64() + limit_ms); }
    // To be asked after the last field was read: VETO when the answer had too little or too much in it.
    HRESULT whole();
    HRESULT broken(Ended how, const wchar_t* reason);
    Ended how() const { return how_; }

  private:
    HRESULT unheard(Spoken spoken);
    HRESULT judged();

    Relay& relay_;
    Lock held_;
    Method method_;
    Writer put_;
    Reader get_;
    Ended how_ = Ended::Released;
};

}  // namespace quiesce
