// A writer's metadata, and the components that the requestor has selected of it.
#include "metadata.hpp"

#include "not_played.hpp"

namespace mock {
namespace {

class Described final : public Counted<IVssWMFiledesc> {
  public:
    explicit Described(const File& file) : file_(file) {}
    STDMETHODIMP GetPath(BSTR* out) override { return *out = bstr(file_.path), S_OK; }
    STDMETHODIMP GetFilespec(BSTR* out) override { return *out = bstr(file_.pattern), S_OK; }
    STDMETHODIMP GetRecursive(boolean* out) override { return *out = file_.recursive, S_OK; }
    STDMETHODIMP GetAlternateLocation(BSTR* out) override { return *out = nullptr, S_FALSE; }
    STDMETHODIMP GetBackupTypeMask(DWORD* out) override { return *out = 0x0F0F, S_OK; }

  private:
    const File& file_;
};

class Offered final : public Counted<IVssWMComponent> {
  public:
    explicit Offered(const Component& component) : component_(component) {}
    STDMETHODIMP GetComponentInfo(PVSSCOMPONENTINFO* out) override {
        auto info = new VSS_COMPONENTINFO{};
        info->type = static_cast<VSS_COMPONENT_TYPE>(component_.kind);
        info->bstrLogicalPath = component_.logical_path.empty() ? nullptr : bstr(component_.logical_path);
        info->bstrComponentName = bstr(component_.name);
        info->bstrCaption = bstr(component_.caption);
        info->bSelectable = component_.selectable;
        info->bNotifyOnBackupComplete = component_.notify;
        info->cFileCount = count(L"file");
        info->cDatabases = count(L"database");
        info->cLogFiles = count(L"log");
        InterlockedIncrement(&living);
        *out = info;
        return S_OK;
    }
    STDMETHODIMP FreeComponentInfo(PVSSCOMPONENTINFO info) override {
        SysFreeString(info->bstrLogicalPath);
        SysFreeString(info->bstrComponentName);
        SysFreeString(info->bstrCaption);
        delete info;
        InterlockedDecrement(&living);
        return S_OK;
    }
    STDMETHODIMP GetFile(UINT index, IVssWMFiledesc** out) override { return file(L"file", index, out); }
    STDMETHODIMP GetDatabaseFile(UINT index, IVssWMFiledesc** out) override { return file(L"database", index, out); }
    STDMETHODIMP GetDatabaseLogFile(UINT index, IVssWMFiledesc** out) override { return file(L"log", index, out); }
    STDMETHODIMP GetDependency(UINT, IVssWMDependency**) override { return not_played("GetDependency"); }

  private:
    UINT count(const wchar_t* kind) const {
        UINT found = 0;
        for (const File& one : component_.files) found += one.kind == kind;
        return found;
    }
    HRESULT file(const wchar_t* kind, UINT index, IVssWMFiledesc** out) {
        for (const File& one : component_.files)
            if (one.kind == kind && index-- == 0) return *out = new Described(one), S_OK;
        return VSS_E_OBJECT_NOT_FOUND;
    }
    const Component& component_;
};

class Examined final : public AllOfExamineWriterMetadata {
  public:
    explicit Examined(const Writer& writer) : writer_(writer) {}
    STDMETHODIMP GetIdentity(VSS_ID* instance, VSS_ID* writer, BSTR* name, VSS_USAGE_TYPE* usage,
                             VSS_SOURCE_TYPE* source) override {
        *instance = writer_.instance_id;
        *writer = writer_.writer_id;
        *name = bstr(writer_.name);
        *usage = static_cast<VSS_USAGE_TYPE>(writer_.usage);
        *source = static_cast<VSS_SOURCE_TYPE>(writer_.source);
        return S_OK;
    }
    STDMETHODIMP GetFileCounts(UINT* included, UINT* excluded, UINT* components) override {
        *included = *excluded = 0;
        *components = writer_.components.size();
        return S_OK;
    }
    STDMETHODIMP GetComponent(UINT index, IVssWMComponent** out) override {
        if (index >= writer_.components.size()) return VSS_E_OBJECT_NOT_FOUND;
        *out = new Offered(writer_.components[index]);
        return S_OK;
    }
    STDMETHODIMP SaveAsXML(BSTR* out) override {
        *out = bstr(L"<WRITER_METADATA>" + writer_.name + L"</WRITER_METADATA>");
        return S_OK;
    }

  protected:
    bool speaks(REFIID iid) const override {
        return iid == IID_IUnknown || iid == __uuidof(IVssExamineWriterMetadata) ||
               iid == __uuidof(IVssExamineWriterMetadataEx);
    }

  private:
    const Writer& writer_;
};

class Selected final : public AllOfComponent {
  public:
    explicit Selected(const Component& component) : component_(component) {}
    STDMETHODIMP GetLogicalPath(BSTR* out) override {
        *out = component_.logical_path.empty() ? nullptr : bstr(component_.logical_path);
        return *out ? S_OK : S_FALSE;
    }
    STDMETHODIMP GetComponentType(VSS_COMPONENT_TYPE* out) override {
        return *out = static_cast<VSS_COMPONENT_TYPE>(component_.kind), S_OK;
    }
    STDMETHODIMP GetComponentName(BSTR* out) override { return *out = bstr(component_.name), S_OK; }
    STDMETHODIMP GetFailure(HRESULT* code, HRESULT* application, BSTR* message, DWORD* reserved) override {
        *code = component_.failure;
        *application = S_OK;
        *message = nullptr;
        *reserved = 0;
        return S_OK;
    }

  protected:
    bool speaks(REFIID iid) const override {
        return iid == IID_IUnknown || iid == __uuidof(IVssComponent) || iid == __uuidof(IVssComponentEx) ||
               iid == __uuidof(IVssComponentEx2);
    }

  private:
    const Component& component_;
};

// As the Windows SDK declares it: no COM interface first, IUnknown second. mingw's header leaves IUnknown out.
class Owned final : public IVssWriterComponentsExt, public Counted<IUnknown> {
  public:
    Owned(const Backup& backup, size_t writer) : writer_(script().writers[writer]) {
        for (const auto& one : backup.selected)
            if (one.first == writer) components_.push_back(one.second);
    }
    STDMETHODIMP GetComponentCount(UINT* out) override { return *out = components_.size(), S_OK; }
    STDMETHODIMP GetWriterInfo(VSS_ID* instance, VSS_ID* writer) override {
        *instance = writer_.instance_id;
        *writer = writer_.writer_id;
        return S_OK;
    }
    STDMETHODIMP GetComponent(UINT index, IVssComponent** out) override {
        if (index >= components_.size()) return VSS_E_OBJECT_NOT_FOUND;
        *out = new Selected(writer_.components[components_[index]]);
        return S_OK;
    }

  private:
    const Writer& writer_;
    std::vector<size_t> components_;
};

}  // namespace

HRESULT not_played(const char* name) {
    say("unexpected %s", name);
    return E_NOTIMPL;
}

IVssExamineWriterMetadataEx* examine(const Writer& writer) { return new Examined(writer); }

IVssWriterComponentsExt* components_of(const Backup& backup, size_t writer) { return new Owned(backup, writer); }

}  // namespace mock
