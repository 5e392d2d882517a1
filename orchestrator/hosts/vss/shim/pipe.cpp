#include "pipe.hpp"

#include <aclapi.h>

namespace quiesce {
namespace {

// A pipe's name belongs to whoever makes it first: only what SYSTEM or an administrator made is our agent.
bool served_by_an_administrator(HANDLE pipe) {
    PSID owner = nullptr;
    PSECURITY_DESCRIPTOR descriptor = nullptr;
    if (GetSecurityInfo(pipe, SE_KERNEL_OBJECT, OWNER_SECURITY_INFORMATION, &owner, nullptr, nullptr, nullptr,
                        &descriptor) != ERROR_SUCCESS)
        return false;
    const bool trusted = owner && (IsWellKnownSid(owner, WinLocalSystemSid) ||
                                   IsWellKnownSid(owner, WinBuiltinAdministratorsSid));
    LocalFree(descriptor);
    return trusted;
}

}  // namespace

bool Pipe::open() {
    // Identification only: whoever serves the pipe must not be able to act as us, who are SYSTEM.
    pipe_ = CreateFileW(PIPE_NAME, GENERIC_READ | GENERIC_WRITE | READ_CONTROL, 0, nullptr, OPEN_EXISTING,
                        FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, nullptr);
    if (is_open() && !served_by_an_administrator(pipe_)) close();
    return is_open();
}

void Pipe::close() {
    if (is_open()) CloseHandle(pipe_);
    pipe_ = INVALID_HANDLE_VALUE;
}

Spoken Pipe::finish(BOOL started, OVERLAPPED& io, uint64_t deadline, DWORD& moved) {
    if (!started && GetLastError() != ERROR_IO_PENDING) return Spoken::Gone;
    const HANDLE either[] = {done_, given_up_};
    const uint64_t now = GetTickCount64();
    const DWORD left = deadline > now ? static_cast<DWORD>(deadline - now) : 0;
    const DWORD woken = WaitForMultipleObjects(2, either, FALSE, left);
    if (woken == WAIT_OBJECT_0) return GetOverlappedResult(pipe_, &io, &moved, FALSE) ? Spoken::Yes : Spoken::Gone;
    CancelIoEx(pipe_, &io);
    GetOverlappedResult(pipe_, &io, &moved, TRUE);  // the buffer is ours again only after this
    return woken == WAIT_OBJECT_0 + 1 ? Spoken::Aborted : Spoken::Late;
}

Spoken Pipe::send(const Frame& frame, uint64_t deadline) {
    OVERLAPPED io{};
    io.hEvent = done_;
    ResetEvent(done_);
    const DWORD size = sizeof frame.header + frame.header.length;
    DWORD sent = 0;
    const BOOL started = WriteFile(pipe_, &frame, size, nullptr, &io);
    const Spoken spoken = finish(started, io, deadline, sent);
    return spoken == Spoken::Yes && sent != size ? Spoken::Gone : spoken;
}

Spoken Pipe::receive(void* into, uint32_t count, uint64_t deadline) {
    auto at = static_cast<uint8_t*>(into);
    while (count) {
        OVERLAPPED io{};
        io.hEvent = done_;
        ResetEvent(done_);
        DWORD got = 0;
        const BOOL started = ReadFile(pipe_, at, count, nullptr, &io);
        const Spoken spoken = finish(started, io, deadline, got);
        if (spoken != Spoken::Yes) return spoken;
        if (!got) return Spoken::Gone;
        at += got;
        count -= got;
    }
    return Spoken::Yes;
}

}  // namespace quiesce
