// IVssBackupComponents, and the exports of vssapi.dll.
#include <objbase.h>
#include <vsserror.h>

#include "../../../../../orchestrator/hosts/vss/shim/identities.hpp"
#include "metadata.hpp"
#include "not_played.hpp"
#include "operation.hpp"

namespace mock {
namespace {

// One set is in creation on a host, whoever asks.
LONG volatile in_creation = 0;

class BackupComponents final : public AllOfBackupComponents {
  public:
    STDMETHODIMP InitializeForBackup(BSTR) override { return said("initialize", S_OK); }
    STDMETHODIMP SetContext(LONG context) override {
        if (context & script().refused_context) return said("set_context", VSS_E_UNSUPPORTED_CONTEXT);
        backup_.context = context;
        return said("set_context", S_OK);
    }
    STDMETHODIMP SetBackupState(boolean, boolean, VSS_BACKUP_TYPE type, boolean) override {
        say("backup_type %d", type);
        return S_OK;
    }
    STDMETHODIMP EnableWriterClasses(const VSS_ID*, UINT) override { return S_OK; }
    STDMETHODIMP GatherWriterMetadata(IVssAsync** out) override { return simple("gather_metadata", out); }
    STDMETHODIMP GetWriterMetadataCount(UINT* out) override { return *out = script().writers.size(), S_OK; }
    STDMETHODIMP GetWriterMetadata(UINT index, VSS_ID* instance, IVssExamineWriterMetadata** out) override {
        if (index >= script().writers.size()) return VSS_E_OBJECT_NOT_FOUND;
        *instance = script().writers[index].instance_id;
        *out = examine(script().writers[index]);
        return S_OK;
    }
    STDMETHODIMP GetWriterMetadataEx(UINT index, VSS_ID* instance, IVssExamineWriterMetadataEx** out) override {
        if (index >= script().writers.size()) return VSS_E_OBJECT_NOT_FOUND;
        *instance = script().writers[index].instance_id;
        *out = examine(script().writers[index]);
        return S_OK;
    }
    STDMETHODIMP FreeWriterMetadata() override { return said("free_metadata", S_OK); }
    STDMETHODIMP AddComponent(VSS_ID instance, VSS_ID writer, VSS_COMPONENT_TYPE, LPCWSTR path,
                              LPCWSTR name) override {
        for (size_t w = 0; w < script().writers.size(); ++w)
            for (size_t c = 0; c < script().writers[w].components.size(); ++c) {
                const Writer& one = script().writers[w];
                const Component& component = one.components[c];
                if (IsEqualGUID(one.instance_id, instance) && IsEqualGUID(one.writer_id, writer) &&
                    component.logical_path == (path ? path : L"") && component.name == name) {
                    if (!backup_.selected.insert({w, c}).second) return VSS_E_OBJECT_ALREADY_EXISTS;
                    return said("add_component", S_OK);
                }
            }
        return said("add_component", VSS_E_OBJECT_NOT_FOUND);
    }
    STDMETHODIMP StartSnapshotSet(VSS_ID* out) override {
        if (const Fault* fault = script().fault("start_set"))
            return said("start_set", static_cast<HRESULT>(fault->value));
        if (InterlockedCompareExchange(&in_creation, 1, 0)) return said("start_set", VSS_E_SNAPSHOT_SET_IN_PROGRESS);
        creating_ = true;
        CoCreateGuid(&backup_.set_id);
        *out = backup_.set_id;
        return said("start_set", S_OK);
    }
    STDMETHODIMP AddToSnapshotSet(VSS_PWSZ host_volume, VSS_ID provider, VSS_ID* out) override {
        return said("add_to_set", add(host_volume, provider, out));
    }
    STDMETHODIMP PrepareForBackup(IVssAsync** out) override {
        return Operation::start(out, [this](HANDLE cancelled) {
            const HRESULT code = backup_.played("prepare_backup", cancelled);
            say("prepare_backup %08lx", static_cast<unsigned long>(code));
            if (code != S_OK) return code;
            backup_.prepared = true;
            return backup_.event("on_prepare_backup", cancelled, VSS_WS_STABLE, VSS_WS_FAILED_AT_PREPARE_BACKUP);
        });
    }
    STDMETHODIMP DoSnapshotSet(IVssAsync** out) override {
        return Operation::start(out, [this](HANDLE cancelled) {
            const HRESULT code = backup_.create(cancelled);
            done_creating();
            say("do_snapshot_set %08lx", static_cast<unsigned long>(code));
            return code;
        });
    }
    STDMETHODIMP GatherWriterStatus(IVssAsync** out) override { return simple("gather_status", out); }
    STDMETHODIMP GetWriterStatusCount(UINT* out) override { return *out = script().writers.size(), S_OK; }
    STDMETHODIMP FreeWriterStatus() override { return S_OK; }
    STDMETHODIMP GetWriterStatus(UINT index, VSS_ID* instance, VSS_ID* writer, BSTR* name, VSS_WRITER_STATE* state,
                                 HRESULT* failure) override {
        if (index >= script().writers.size()) return VSS_E_OBJECT_NOT_FOUND;
        const Writer& one = script().writers[index];
        *instance = one.instance_id;
        *writer = one.writer_id;
        *name = bstr(one.name);
        *state = backup_.writers[index].state;
        *failure = backup_.writers[index].failure;
        return S_OK;
    }
    STDMETHODIMP GetWriterStatusEx(UINT index, VSS_ID* instance, VSS_ID* writer, BSTR* name, VSS_WRITER_STATE* state,
                                   HRESULT* failure, HRESULT* application, BSTR* message) override {
        if (application) *application = S_OK;
        if (message) *message = nullptr;
        return GetWriterStatus(index, instance, writer, name, state, failure);
    }
    STDMETHODIMP GetSessionId(VSS_ID* out) override { return *out = session_, S_OK; }
    STDMETHODIMP GetWriterComponentsCount(UINT* out) override { return *out = involved().size(), S_OK; }
    STDMETHODIMP GetWriterComponents(UINT index, IVssWriterComponentsExt** out) override {
        const auto writers = involved();
        if (index >= writers.size()) return VSS_E_OBJECT_NOT_FOUND;
        *out = components_of(backup_, writers[index]);
        return S_OK;
    }
    STDMETHODIMP SaveAsXML(BSTR* out) override { return *out = bstr(L"<BACKUP_COMPONENTS/>"), S_OK; }
    STDMETHODIMP SetBackupSucceeded(VSS_ID, VSS_ID, VSS_COMPONENT_TYPE, LPCWSTR, LPCWSTR name,
                                    boolean good) override {
        say("succeeded %ls %d", name, good);
        return S_OK;
    }
    STDMETHODIMP BackupComplete(IVssAsync** out) override {
        return Operation::start(out, [this](HANDLE cancelled) {
            const HRESULT code = backup_.played("backup_complete", cancelled);
            backup_.prepared = code != S_OK;
            say("backup_complete %08lx", static_cast<unsigned long>(code));
            return code == S_OK
                       ? backup_.event("on_backup_complete", cancelled, VSS_WS_STABLE, VSS_WS_FAILED_AT_BACKUP_COMPLETE)
                       : code;
        });
    }
    STDMETHODIMP AbortBackup() override {
        backup_.prepared = false;
        backup_.abort_writers();
        done_creating();
        return said("abort_backup", S_OK);
    }

  protected:
    bool speaks(REFIID iid) const override {
        return iid == IID_IUnknown || iid == __uuidof(IVssBackupComponents) ||
               iid == __uuidof(IVssBackupComponentsEx) || iid == __uuidof(IVssBackupComponentsEx2) ||
               iid == __uuidof(IVssBackupComponentsEx3) || iid == __uuidof(IVssBackupComponentsEx4);
    }
    void last_release() override {
        if (backup_.prepared) say("released with a backup in progress");
        done_creating();
        backup_.provider.unload();
        say("objects left %ld", living - 1);
    }

  private:
    HRESULT said(const char* what, HRESULT code) const {
        say("%s %08lx", what, static_cast<unsigned long>(code));
        return code;
    }
    HRESULT simple(const char* step, IVssAsync** out) {
        return Operation::start(out, [this, step](HANDLE cancelled) {
            const HRESULT code = backup_.played(step, cancelled);
            say("%s %08lx", step, static_cast<unsigned long>(code));
            return code;
        });
    }
    std::vector<size_t> involved() const {
        std::vector<size_t> found;
        for (size_t index = 0; index < script().writers.size(); ++index)
            if (backup_.takes_part(index)) found.push_back(index);
        return found;
    }
    HRESULT add(VSS_PWSZ host_volume, const VSS_ID& provider, VSS_ID* out) {
        // Our provider's id, as provider/identities.py has it.
        static const GUID ours = {0x08107848, 0xd59a, 0x4666, {0x9c, 0xf3, 0x28, 0x3a, 0x87, 0xef, 0xfc, 0x20}};
        if (!creating_) return VSS_E_BAD_STATE;
        if (!IsEqualGUID(provider, ours)) return VSS_E_PROVIDER_NOT_REGISTERED;
        if (const HRESULT code = backup_.provider.load(); FAILED(code)) return code;
        WINBOOL supported = FALSE;
        HRESULT code = backup_.provider.software->IsVolumeSupported(host_volume, &supported);
        if (FAILED(code)) return code;
        if (!supported) return VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER;
        CoCreateGuid(out);
        code = backup_.provider.software->BeginPrepareSnapshot(backup_.set_id, *out, host_volume, backup_.context);
        if (code == S_OK) ++backup_.volumes;
        return code;
    }
    void done_creating() {
        if (creating_) InterlockedExchange(&in_creation, 0);
        creating_ = false;
    }
    static VSS_ID new_id() {
        VSS_ID id;
        CoCreateGuid(&id);
        return id;
    }

    Backup backup_;
    bool creating_ = false;
    const VSS_ID session_ = new_id();
};

}  // namespace

HRESULT Provider::load() {
    if (software) return S_OK;
    const HMODULE dll = LoadLibraryW(script().provider.c_str());
    if (!dll) return VSS_E_UNEXPECTED_PROVIDER_ERROR;
    using Get = HRESULT(WINAPI*)(REFCLSID, REFIID, void**);
    const auto get = reinterpret_cast<Get>(reinterpret_cast<void*>(GetProcAddress(dll, "DllGetClassObject")));
    IClassFactory* factory = nullptr;
    HRESULT code = get(quiesce::SOFTWARE_CLASS, IID_IClassFactory, reinterpret_cast<void**>(&factory));
    if (FAILED(code)) return code;
    code = factory->CreateInstance(nullptr, __uuidof(IVssSoftwareSnapshotProvider),
                                   reinterpret_cast<void**>(&software));
    factory->Release();
    if (SUCCEEDED(code))
        code = software->QueryInterface(__uuidof(IVssProviderCreateSnapshotSet), reinterpret_cast<void**>(&creation));
    if (SUCCEEDED(code))
        code = software->QueryInterface(__uuidof(IVssProviderNotifications), reinterpret_cast<void**>(&notifications));
    return SUCCEEDED(code) ? notifications->OnLoad(nullptr) : code;
}

void Provider::unload() {
    if (notifications) notifications->OnUnload(FALSE), notifications->Release();
    if (creation) creation->Release();
    if (software) say("provider references left %lu", software->Release());
    software = nullptr;
    creation = nullptr;
    notifications = nullptr;
}

}  // namespace mock

extern "C" HRESULT WINAPI CreateVssBackupComponentsInternal(IVssBackupComponents** out) {
    if (!out) return E_POINTER;
    *out = new mock::BackupComponents;
    return S_OK;
}

extern "C" void WINAPI VssFreeSnapshotPropertiesInternal(VSS_SNAPSHOT_PROP*) {}
