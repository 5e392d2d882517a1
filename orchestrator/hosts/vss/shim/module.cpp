// The DLL: class factory, and the registry entries that COM needs to find it.
#include "identities.hpp"
#include "snapshot_set_object.hpp"

namespace quiesce {
namespace {

HMODULE module = nullptr;
LONG volatile locks = 0;

class Factory final : public IClassFactory {
  public:
    explicit Factory(IUnknown* (*make)()) : make_(make) {}
    STDMETHODIMP QueryInterface(REFIID iid, void** out) override {
        if (!out) return E_POINTER;
        *out = iid == IID_IUnknown || iid == IID_IClassFactory ? this : nullptr;
        return *out ? S_OK : E_NOINTERFACE;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return 2; }  // lives as long as the DLL
    STDMETHODIMP_(ULONG) Release() override { return 1; }
    STDMETHODIMP CreateInstance(IUnknown* outer, REFIID iid, void** out) override {
        if (!out) return E_POINTER;
        *out = nullptr;
        if (outer) return CLASS_E_NOAGGREGATION;
        IUnknown* made = make_();
        if (!made) return E_OUTOFMEMORY;
        const HRESULT code = made->QueryInterface(iid, out);
        made->Release();
        return code;
    }
    STDMETHODIMP LockServer(WINBOOL lock) override {
        lock ? InterlockedIncrement(&locks) : InterlockedDecrement(&locks);
        return S_OK;
    }

  private:
    IUnknown* (*make_)();
};

Factory software(make_software_provider);
Factory hardware(make_hardware_provider);

constexpr wchar_t EVENT_SOURCE[] =
    L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\Quiesce VSS Provider";

struct Class {
    const CLSID& id;
    const wchar_t* key;
};
const Class CLASSES[] = {{SOFTWARE_CLASS, SOFTWARE_CLASS_KEY}, {HARDWARE_CLASS, HARDWARE_CLASS_KEY}};

LSTATUS write(const wchar_t* key, const wchar_t* name, const wchar_t* value) {
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, name, REG_SZ, value,
                           static_cast<DWORD>((wcslen(value) + 1) * sizeof(wchar_t)));
}

HRESULT register_class(const wchar_t* key, const wchar_t* path) {
    wchar_t server[160];
    wcscpy(server, key);  // one of the two of ours
    wcscat(server, L"\\InprocServer32");
    LSTATUS status = write(key, nullptr, L"Quiesce VSS Provider");
    if (!status) status = write(server, nullptr, path);
    if (!status) status = write(server, L"ThreadingModel", L"Both");
    return HRESULT_FROM_WIN32(status);
}

}  // namespace
}  // namespace quiesce

using namespace quiesce;

extern "C" BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void*) {
    if (reason == DLL_PROCESS_ATTACH) {
        module = instance;
        DisableThreadLibraryCalls(instance);
    }
    return TRUE;
}

STDAPI DllGetClassObject(REFCLSID id, REFIID iid, void** out) {
    if (!out) return E_POINTER;
    *out = nullptr;
    if (id == SOFTWARE_CLASS) return software.QueryInterface(iid, out);
    if (id == HARDWARE_CLASS) return hardware.QueryInterface(iid, out);
    return CLASS_E_CLASSNOTAVAILABLE;
}

STDAPI DllCanUnloadNow() { return !locks && Relay::instance().idle() ? S_OK : S_FALSE; }

STDAPI DllRegisterServer() {
    wchar_t path[MAX_PATH];
    const DWORD length = GetModuleFileNameW(module, path, MAX_PATH);
    if (!length || length == MAX_PATH) return E_FAIL;
    for (const Class& one : CLASSES)
        if (const HRESULT code = register_class(one.key, path); FAILED(code)) return code;
    // EventCreate.exe has a message "%1" for every id up to 1000: no message table of our own to build.
    const wchar_t messages[] = L"%SystemRoot%\\System32\\EventCreate.exe";
    DWORD types = EVENTLOG_ERROR_TYPE;
    LSTATUS status = RegSetKeyValueW(HKEY_LOCAL_MACHINE, EVENT_SOURCE, L"EventMessageFile", REG_EXPAND_SZ, messages,
                                     sizeof messages);
    if (!status)
        status = RegSetKeyValueW(HKEY_LOCAL_MACHINE, EVENT_SOURCE, L"TypesSupported", REG_DWORD, &types, sizeof types);
    return HRESULT_FROM_WIN32(status);
}

STDAPI DllUnregisterServer() {
    for (const Class& one : CLASSES) RegDeleteTreeW(HKEY_LOCAL_MACHINE, one.key);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, EVENT_SOURCE);
    return S_OK;
}
