// What the shim and the agent say to each other over the pipe; the other side is provider/pipe_protocol.py.
//
// Little-endian, fixed buffers: between PreCommit and PostCommit nothing here may allocate.
#pragma once

#include <windows.h>

#include <cstdint>
#include <cstring>

namespace quiesce {

constexpr wchar_t PIPE_NAME[] = L"\\\\.\\pipe\\quiesce-vss-provider";
constexpr uint32_t REQUEST_MAGIC = 0x31505651;  // "QVP1"
constexpr uint32_t ANSWER_MAGIC = 0x31415651;   // "QVA1"
constexpr uint32_t LONGEST_PAYLOAD = 1u << 18;  // 64 volumes on some LUNs each, with their identities

enum class Method : uint16_t {
    IsVolumeSupported = 1,
    AreLunsSupported = 2,
    BeginVolume = 3,
    BeginLuns = 4,
    EndPrepare = 5,
    PreCommit = 6,
    Commit = 7,
    PostCommit = 8,
    PreFinalCommit = 9,
    PostFinalCommit = 10,
    Abort = 11,
    GetTargetLuns = 12,
    LocateLuns = 13,
    FillInLunInfo = 14,
    OnLunEmpty = 15,
};

// What ended CommitSnapshots; the proof of a set wants "Released".
enum class Ended : uint32_t {
    NeverHeld = 0,
    Released = 1,
    Vetoed = 2,
    Deadline = 3,
    AgentGone = 4,
    Malformed = 5,
    Aborted = 6,
};

#pragma pack(push, 1)
struct Header {
    uint32_t magic;
    uint16_t method;
    uint16_t reserved;
    uint32_t sequence;
    uint32_t length;  // of the payload
    GUID set_id;
};
#pragma pack(pop)
static_assert(sizeof(Header) == 32, "the agent reads 32 bytes");

struct Frame {
    Header header;
    uint8_t payload[LONGEST_PAYLOAD];
};

// Appends to a payload; too much makes the call fail, never the buffer overflow.
class Writer {
  public:
    explicit Writer(Frame& frame) : frame_(frame) { frame_.header.length = 0; }
    bool fits() const { return fits_; }

    void bytes(const void* data, size_t count) {
        if (count > LONGEST_PAYLOAD - frame_.header.length) {
            fits_ = false;
            return;
        }
        if (count) memcpy(frame_.payload + frame_.header.length, data, count);
        frame_.header.length += static_cast<uint32_t>(count);
    }
    template <typename Number> void number(Number value) { bytes(&value, sizeof value); }

    void text(const wchar_t* value) {
        counted(value, value ? wcsnlen(value, LONGEST_PAYLOAD) * sizeof(wchar_t) : 0);
    }
    // A null pointer and an empty value are not told apart: no field here needs it.
    void counted(const void* data, size_t count) {
        if (count > 0xFFFF) {
            fits_ = false;
            return;
        }
        number(static_cast<uint16_t>(count));
        bytes(data, count);
    }

  private:
    Frame& frame_;
    bool fits_ = true;
};

// Takes a payload apart; what is not there reads as zero and spoils the whole.
class Reader {
  public:
    explicit Reader(const Frame& frame) : frame_(frame) {}
    bool read_whole() const { return good_ && at_ == frame_.header.length; }
    bool good() const { return good_; }
    void spoil() { good_ = false; }

    const uint8_t* bytes(size_t count) {
        if (!good_ || count > frame_.header.length - at_) {
            good_ = false;
            return nullptr;
        }
        const uint8_t* here = frame_.payload + at_;
        at_ += static_cast<uint32_t>(count);
        return here;
    }
    template <typename Number> Number number() {
        Number value{};
        if (const uint8_t* here = bytes(sizeof value)) memcpy(&value, here, sizeof value);
        return value;
    }

  private:
    const Frame& frame_;
    uint32_t at_ = 0;
    bool good_ = true;
};

}  // namespace quiesce
