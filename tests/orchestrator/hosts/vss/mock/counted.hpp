// Objects that are counted one by one and all together: what is left at the end has leaked.
#pragma once

#include <unknwn.h>

namespace mock {

extern LONG volatile living;
void say(const char* format, ...);

template <class Interface>
class Counted : public Interface {
  public:
    Counted() { InterlockedIncrement(&living); }
    virtual ~Counted() { InterlockedDecrement(&living); }
    STDMETHODIMP QueryInterface(REFIID iid, void** out) override {
        if (!out) return E_POINTER;
        *out = speaks(iid) ? this : nullptr;
        if (*out) AddRef();
        return *out ? S_OK : E_NOINTERFACE;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return InterlockedIncrement(&references_); }
    STDMETHODIMP_(ULONG) Release() override {
        const LONG left = InterlockedDecrement(&references_);
        if (left < 0) say("released too often");
        if (left == 0) {
            last_release();
            delete this;
        }
        return left;
    }

  protected:
    virtual bool speaks(REFIID iid) const { return iid == IID_IUnknown; }
    virtual void last_release() {}

  private:
    LONG volatile references_ = 1;
};

}  // namespace mock
