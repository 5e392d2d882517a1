// The hardware provider: VSS hands over LUNs, and gets the identities of the arrays' copies in return.
#include <new>

#include "luns.hpp"
#include "return_codes.hpp"
#include "snapshot_set_object.hpp"

namespace quiesce {
namespace {

// Far more than Windows gives a host; a count beyond it is a broken call.
constexpr LONG MOST_LUNS = 4096;

bool countable(LONG count, const void* first) { return count > 0 && count <= MOST_LUNS && first; }

class HardwareProvider final : public SnapshotSetObject<IVssHardwareSnapshotProvider> {
  public:
    STDMETHODIMP AreLunsSupported(LONG count, LONG context, VSS_PWSZ* devices, VDS_LUN_INFORMATION* luns,
                                  WINBOOL* supported) override {
        if (!countable(count, devices) || !luns || !supported) return E_INVALIDARG;
        *supported = FALSE;
        Call call(Method::AreLunsSupported, GUID_NULL);
        call.put().number<int32_t>(context);
        put_luns(call.put(), count, devices, luns);
        if (call.ask_within(ANSWER_MS) != S_OK) return S_OK;  // no agent, no support: another provider may take them
        const bool yes = call.get().number<uint32_t>() == 1;
        *supported = call.whole() == S_OK && yes;
        return S_OK;
    }

    STDMETHODIMP FillInLunInfo(VSS_PWSZ device, VDS_LUN_INFORMATION* lun, WINBOOL* supported) override {
        if (!device || !lun || !supported) return E_INVALIDARG;
        *supported = FALSE;
        Call call(Method::FillInLunInfo, GUID_NULL);
        call.put().text(device);
        put_lun(call.put(), *lun);
        HRESULT code = call.ask_within(ANSWER_MS);
        if (code != S_OK) return code;
        const bool yes = call.get().number<uint32_t>() == 1;
        VDS_LUN_INFORMATION known;
        get_lun(call.get(), known);  // one cut short is empty, and the answer not whole
        code = call.whole();
        if (code != S_OK || !yes) {
            free_lun(known);
            return code;
        }
        // VSS compares identities alone; the interconnects stay its own.
        known.m_cInterconnects = lun->m_cInterconnects;
        known.m_rgInterconnects = lun->m_rgInterconnects;
        lun->m_cInterconnects = 0;
        lun->m_rgInterconnects = nullptr;
        free_lun(*lun);
        *lun = known;
        *supported = TRUE;
        return S_OK;
    }

    STDMETHODIMP BeginPrepareSnapshot(VSS_ID set, VSS_ID shadow_copy, LONG context, LONG count, VSS_PWSZ* devices,
                                      VDS_LUN_INFORMATION* luns) override {
        if (!countable(count, devices) || !luns) return E_INVALIDARG;
        Relay::instance().begin(set);
        Call call(Method::BeginLuns, set);
        call.put().number(shadow_copy);
        call.put().number<int32_t>(context);
        put_luns(call.put(), count, devices, luns);
        const HRESULT code = call.ask_within(ANSWER_MS);
        return code == S_OK ? call.whole() : code;
    }

    STDMETHODIMP GetTargetLuns(LONG count, VSS_PWSZ* devices, VDS_LUN_INFORMATION* sources,
                               VDS_LUN_INFORMATION* targets) override {
        if (!countable(count, devices) || !sources || !targets) return E_INVALIDARG;
        memset(targets, 0, count * sizeof *targets);
        GUID set;
        if (!Relay::instance().current_set(set)) return VETO;
        Call call(Method::GetTargetLuns, set);
        put_luns(call.put(), count, devices, sources);
        HRESULT code = call.ask_within(ANSWER_MS);
        if (code != S_OK) return code;
        LONG read = 0;
        while (read < count && get_lun(call.get(), targets[read])) ++read;
        code = call.whole();
        for (LONG index = 0; code != S_OK && index < read; ++index) free_lun(targets[index]);
        return code;
    }

    STDMETHODIMP LocateLuns(LONG count, VDS_LUN_INFORMATION* luns) override {
        if (!countable(count, luns)) return E_INVALIDARG;
        Call call(Method::LocateLuns, GUID_NULL);
        put_luns(call.put(), count, nullptr, luns);
        const HRESULT code = call.ask_within(LOCATE_MS);
        return code == S_OK ? call.whole() : code;
    }

    STDMETHODIMP OnLunEmpty(VSS_PWSZ device, VDS_LUN_INFORMATION* lun) override {
        if (!device || !lun) return E_INVALIDARG;
        Call call(Method::OnLunEmpty, GUID_NULL);
        call.put().text(device);
        put_lun(call.put(), *lun);
        const HRESULT code = call.ask_within(ANSWER_MS);
        return code == S_OK ? call.whole() : code;
    }
};

}  // namespace

IUnknown* make_hardware_provider() {
    return static_cast<IVssHardwareSnapshotProvider*>(new (std::nothrow) HardwareProvider);
}

}  // namespace quiesce
