// The software provider: VSS learns of no shadow copy, the arrays' copies are the orchestrator's own business.
#include <new>

#include "return_codes.hpp"
#include "snapshot_set_object.hpp"

namespace quiesce {
namespace {

// VSS asks for a list of what we made; it is always empty.
class Nothing final : public IVssEnumObject {
  public:
    STDMETHODIMP QueryInterface(REFIID iid, void** out) override {
        if (!out) return E_POINTER;
        *out = iid == IID_IUnknown || iid == __uuidof(IVssEnumObject) ? this : nullptr;
        if (*out) AddRef();
        return *out ? S_OK : E_NOINTERFACE;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return InterlockedIncrement(&references_); }
    STDMETHODIMP_(ULONG) Release() override {
        const ULONG left = InterlockedDecrement(&references_);
        if (!left) delete this;
        return left;
    }
    STDMETHODIMP Next(ULONG, VSS_OBJECT_PROP*, ULONG* fetched) override {
        if (!fetched) return E_POINTER;
        *fetched = 0;
        return S_FALSE;
    }
    STDMETHODIMP Skip(ULONG) override { return S_FALSE; }
    STDMETHODIMP Reset() override { return S_OK; }
    STDMETHODIMP Clone(IVssEnumObject** out) override {
        if (!out) return E_POINTER;
        *out = new (std::nothrow) Nothing;
        return *out ? S_OK : E_OUTOFMEMORY;
    }

  private:
    virtual ~Nothing() = default;
    LONG volatile references_ = 1;
};

class SoftwareProvider final : public SnapshotSetObject<IVssSoftwareSnapshotProvider> {
  public:
    STDMETHODIMP SetContext(LONG) override { return S_OK; }  // comes again with every BeginPrepareSnapshot

    STDMETHODIMP IsVolumeSupported(VSS_PWSZ host_volume, WINBOOL* supported) override {
        if (!host_volume || !supported) return E_INVALIDARG;
        *supported = FALSE;
        Call call(Method::IsVolumeSupported, GUID_NULL);
        call.put().text(host_volume);
        if (call.ask_within(ANSWER_MS) != S_OK) return S_OK;  // no agent, no support: another provider may take it
        const bool yes = call.get().number<uint32_t>() == 1;
        *supported = call.whole() == S_OK && yes;
        return S_OK;
    }

    STDMETHODIMP BeginPrepareSnapshot(VSS_ID set, VSS_ID shadow_copy, VSS_PWSZ host_volume, LONG context) override {
        if (!host_volume) return E_INVALIDARG;
        Relay::instance().begin(set);
        Call call(Method::BeginVolume, set);
        call.put().number(shadow_copy);
        call.put().number<int32_t>(context);
        call.put().text(host_volume);
        const HRESULT code = call.ask_within(ANSWER_MS);
        return code == S_OK ? call.whole() : code;
    }

    STDMETHODIMP IsVolumeSnapshotted(VSS_PWSZ, WINBOOL* present, LONG* compatibility) override {
        if (!present || !compatibility) return E_INVALIDARG;
        *present = FALSE;
        *compatibility = 0;
        return S_OK;
    }
    STDMETHODIMP GetSnapshotProperties(VSS_ID, VSS_SNAPSHOT_PROP*) override { return VSS_E_OBJECT_NOT_FOUND; }
    STDMETHODIMP Query(VSS_ID, VSS_OBJECT_TYPE, VSS_OBJECT_TYPE, IVssEnumObject** out) override {
        if (!out) return E_POINTER;
        *out = new (std::nothrow) Nothing;
        return *out ? S_OK : E_OUTOFMEMORY;
    }
    STDMETHODIMP DeleteSnapshots(VSS_ID, VSS_OBJECT_TYPE, WINBOOL, LONG* deleted, VSS_ID* kept) override {
        if (deleted) *deleted = 0;
        if (kept) *kept = GUID_NULL;
        return VSS_E_OBJECT_NOT_FOUND;
    }
    STDMETHODIMP SetSnapshotProperty(VSS_ID, VSS_SNAPSHOT_PROPERTY_ID, VARIANT) override { return E_NOTIMPL; }
    STDMETHODIMP RevertToSnapshot(VSS_ID) override { return E_NOTIMPL; }
    STDMETHODIMP QueryRevertStatus(VSS_PWSZ, IVssAsync**) override { return E_NOTIMPL; }
};

}  // namespace

IUnknown* make_software_provider() {
    return static_cast<IVssSoftwareSnapshotProvider*>(new (std::nothrow) SoftwareProvider);
}

}  // namespace quiesce
