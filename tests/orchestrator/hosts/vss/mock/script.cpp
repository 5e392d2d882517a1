#include "script.hpp"

#include <objbase.h>

#include <cstdarg>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "counted.hpp"

namespace mock {
namespace {

using Fields = std::vector<std::string>;

std::string environment(const char* name) {
    char value[1024];
    const DWORD length = GetEnvironmentVariableA(name, value, sizeof value);
    return length && length < sizeof value ? std::string(value, length) : std::string();
}

std::wstring wide(const std::string& text) {
    std::wstring out(MultiByteToWideChar(CP_UTF8, 0, text.data(), text.size(), nullptr, 0), L'\0');
    MultiByteToWideChar(CP_UTF8, 0, text.data(), text.size(), out.data(), out.size());
    return out;
}

GUID guid(const std::string& text) {
    GUID id{};
    CLSIDFromString(wide("{" + text + "}").c_str(), &id);
    return id;
}

void take(Script& into, const Fields& f) {
    if (f[0] == "provider") into.provider = wide(f[1]);
    if (f[0] == "refuse_context") into.refused_context = std::stoul(f[1], nullptr, 16);
    if (f[0] == "writer")
        into.writers.push_back(
            {wide(f[1]), guid(f[2]), guid(f[3]), std::stoi(f[4]), std::stoi(f[5]), std::stod(f[6]), {}});
    if (f[0] == "component")
        into.writers.back().components.push_back(
            {std::stoi(f[1]), wide(f[2]), wide(f[3]), wide(f[4]), f[5] == "1", f[6] == "1", S_OK, {}});
    if (f[0] == "file")
        into.writers.back().components.back().files.push_back({wide(f[1]), wide(f[2]), wide(f[3]), f[4] == "1"});
    if (f[0] == "component_failure")
        into.writers.back().components.back().failure = static_cast<HRESULT>(std::stoul(f[1], nullptr, 16));
    if (f[0] == "fault") {
        Fault fault{f[1], f[2], 0, f.size() > 4 ? wide(f[4]) : L""};
        if (f.size() > 3) fault.value = std::stoul(f[3], nullptr, f[2] == "fail" ? 16 : 10);
        into.faults.push_back(fault);
    }
}

Script read() {
    Script script;
    std::ifstream lines(environment("QUIESCE_MOCK_SCRIPT"));
    for (std::string line; std::getline(lines, line);) {
        Fields fields;
        std::istringstream rest(line);
        for (std::string field; std::getline(rest, field, '|');) fields.push_back(field);
        if (!fields.empty()) take(script, fields);
    }
    const std::string scale = environment("QUIESCE_MOCK_SCALE");
    if (!scale.empty()) script.scale = std::stod(scale);
    return script;
}

}  // namespace

LONG volatile living = 0;

const Fault* Script::fault(const std::string& step, const std::wstring& writer) const {
    for (const Fault& one : faults)
        if (one.step == step && (one.writer.empty() || one.writer == writer)) return &one;
    return nullptr;
}

const Script& script() {
    static const Script only = read();
    return only;
}

BSTR bstr(const std::wstring& text) { return SysAllocStringLen(text.data(), text.size()); }

// One line at a time, with the milliseconds since Windows started; read by the tests.
void say(const char* format, ...) {
    static const HANDLE log = CreateFileA(environment("QUIESCE_MOCK_LOG").c_str(), FILE_APPEND_DATA,
                                          FILE_SHARE_READ | FILE_SHARE_WRITE, nullptr, OPEN_ALWAYS, 0, nullptr);
    char line[512];
    int length = std::snprintf(line, sizeof line, "%llu ", static_cast<unsigned long long>(GetTickCount64()));
    va_list arguments;
    va_start(arguments, format);
    length += std::vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    if (length > static_cast<int>(sizeof line) - 2) length = sizeof line - 2;
    line[length++] = '\n';
    DWORD written;
    WriteFile(log, line, length, &written, nullptr);
}

}  // namespace mock
