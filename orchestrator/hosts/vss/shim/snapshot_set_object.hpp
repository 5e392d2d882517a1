// What both kinds of VSS provider have in common: the calls of a set, the notifications, counting references.
#pragma once

#include <vss.h>
#include <vsprov.h>

#include "relay.hpp"

namespace quiesce {

template <class KindOfProvider>
class SnapshotSetObject : public KindOfProvider,
                          public IVssProviderCreateSnapshotSet,
                          public IVssProviderNotifications {
  public:
    SnapshotSetObject() { Relay::instance().object_made(); }
    virtual ~SnapshotSetObject() { Relay::instance().object_gone(); }

    STDMETHODIMP QueryInterface(REFIID iid, void** out) override {
        if (!out) return E_POINTER;
        if (iid == __uuidof(KindOfProvider) || iid == IID_IUnknown)
            *out = static_cast<KindOfProvider*>(this);
        else if (iid == __uuidof(IVssProviderCreateSnapshotSet))
            *out = static_cast<IVssProviderCreateSnapshotSet*>(this);
        else if (iid == __uuidof(IVssProviderNotifications))
            *out = static_cast<IVssProviderNotifications*>(this);
        else {
            *out = nullptr;
            return E_NOINTERFACE;
        }
        AddRef();
        return S_OK;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return InterlockedIncrement(&references_); }
    STDMETHODIMP_(ULONG) Release() override {
        const ULONG left = InterlockedDecrement(&references_);
        if (!left) delete this;
        return left;
    }

    STDMETHODIMP EndPrepareSnapshots(VSS_ID set) override { return Relay::instance().end_prepare(set); }
    STDMETHODIMP PreCommitSnapshots(VSS_ID set) override {
        return Relay::instance().reached(Method::PreCommit, set, FROZEN_ANSWER_MS);
    }
    STDMETHODIMP CommitSnapshots(VSS_ID set) override { return Relay::instance().commit(set); }
    STDMETHODIMP PostCommitSnapshots(VSS_ID set, LONG copies) override {
        return Relay::instance().post_commit(set, copies);
    }
    STDMETHODIMP PreFinalCommitSnapshots(VSS_ID set) override {
        return Relay::instance().reached(Method::PreFinalCommit, set, ANSWER_MS);
    }
    STDMETHODIMP PostFinalCommitSnapshots(VSS_ID set) override {
        return Relay::instance().reached(Method::PostFinalCommit, set, ANSWER_MS);
    }
    STDMETHODIMP AbortSnapshots(VSS_ID set) override { return Relay::instance().abort(set); }

    STDMETHODIMP OnLoad(IUnknown*) override { return S_OK; }
    STDMETHODIMP OnUnload(WINBOOL forced) override {
        // Unforced it comes often, also while a set is open in another object of ours.
        if (forced) Relay::instance().unload();
        return S_OK;
    }

  private:
    LONG volatile references_ = 1;
};

IUnknown* make_software_provider();
IUnknown* make_hardware_provider();

}  // namespace quiesce
