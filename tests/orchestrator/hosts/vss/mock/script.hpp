// What a test wants of VSS: lines of fields with bars between them. See wine.py for who writes them.
//
//   provider|path of the DLL
//   refuse_context|bits in hex
//   writer|name|writer id|instance id|usage|source|longest freeze in s
//   component|kind|logical path|name|caption|selectable|notify          of the last writer
//   file|file or database or log|path|pattern|recursive                 of the last component
//   component_failure|HRESULT                                           of the last component
//   fault|step|fail|HRESULT[|writer]     fault|step|hang      fault|step|late|milliseconds (not scaled)
#pragma once

#include <windows.h>

#include <oleauto.h>

#include <string>
#include <vector>

namespace mock {

struct File {
    std::wstring kind, path, pattern;
    bool recursive;
};

struct Component {
    int kind;
    std::wstring logical_path, name, caption;
    bool selectable, notify;
    HRESULT failure = S_OK;
    std::vector<File> files;
};

struct Writer {
    std::wstring name;
    GUID writer_id, instance_id;
    int usage, source;
    double longest_freeze_s;
    std::vector<Component> components;
};

struct Fault {
    std::string step, kind;
    unsigned long value = 0;
    std::wstring writer;
};

struct Script {
    std::wstring provider;
    unsigned long refused_context = 0;
    std::vector<Writer> writers;
    std::vector<Fault> faults;
    double scale = 1.0;  // of VSS's own timers: QUIESCE_MOCK_SCALE

    const Fault* fault(const std::string& step, const std::wstring& writer = L"") const;
};

const Script& script();
BSTR bstr(const std::wstring& text);

}  // namespace mock
