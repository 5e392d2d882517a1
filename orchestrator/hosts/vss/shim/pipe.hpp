// The connection to the agent: one named pipe of this machine, every wait with a deadline.
#pragma once

#include "wire.hpp"

namespace quiesce {

enum class Spoken { Yes, Late, Gone, Aborted };

class Pipe {
  public:
    // `given_up` is an event that ends every wait: AbortSnapshots may come while another call waits.
    explicit Pipe(HANDLE given_up) : given_up_(given_up), done_(CreateEventW(nullptr, TRUE, FALSE, nullptr)) {}

    bool is_open() const { return pipe_ != INVALID_HANDLE_VALUE; }
    // Connects without waiting; false when no agent serves the pipe, or somebody who may not.
    bool open();
    void close();

    Spoken send(const Frame& frame, uint64_t deadline);
    // Reads exactly so many bytes. Deadlines are of GetTickCount64, in milliseconds.
    Spoken receive(void* into, uint32_t count, uint64_t deadline);

  private:
    Spoken finish(BOOL started, OVERLAPPED& io, uint64_t deadline, DWORD& moved);

    HANDLE given_up_;
    HANDLE done_;
    HANDLE pipe_ = INVALID_HANDLE_VALUE;
};

}  // namespace quiesce
