// IVssAsync: a piece of work on a thread of its own, with an outcome that is asked for again and again.
#pragma once

#include <vss.h>
#include <vsserror.h>

#include <functional>

#include "counted.hpp"

namespace mock {

class Operation final : public Counted<IVssAsync> {
  public:
    // The work gets an event that says "cancelled", and returns an HRESULT; S_OK means finished.
    static HRESULT start(IVssAsync** out, std::function<HRESULT(HANDLE)> work) {
        if (!out) return E_POINTER;
        *out = new Operation(std::move(work));
        return S_OK;
    }
    ~Operation() override {
        WaitForSingleObject(thread_, INFINITE);
        CloseHandle(thread_);
        CloseHandle(cancelled_);
    }
    STDMETHODIMP Cancel() override {
        SetEvent(cancelled_);
        return S_OK;
    }
    STDMETHODIMP Wait(DWORD) override { return S_OK; }  // proves nothing, as the real one
    STDMETHODIMP QueryStatus(HRESULT* outcome, INT*) override {
        if (!outcome) return E_POINTER;
        *outcome = static_cast<HRESULT>(outcome_);
        return S_OK;
    }

  protected:
    bool speaks(REFIID iid) const override { return iid == IID_IUnknown || iid == __uuidof(IVssAsync); }
    void last_release() override {
        if (outcome_ == VSS_S_ASYNC_PENDING) say("async released while pending");
    }

  private:
    explicit Operation(std::function<HRESULT(HANDLE)> work)
        : work_(std::move(work)),
          cancelled_(CreateEventW(nullptr, TRUE, FALSE, nullptr)),
          thread_(CreateThread(nullptr, 0, run, this, 0, nullptr)) {}
    static DWORD WINAPI run(void* self) {
        auto me = static_cast<Operation*>(self);
        const HRESULT code = me->work_(me->cancelled_);
        InterlockedExchange(&me->outcome_, code == S_OK ? VSS_S_ASYNC_FINISHED : code);
        return 0;
    }

    std::function<HRESULT(HANDLE)> work_;
    LONG volatile outcome_ = VSS_S_ASYNC_PENDING;
    HANDLE cancelled_;
    HANDLE thread_;
};

}  // namespace mock
