// One question to the agent, and everything that can be wrong with its answer.
#include "relay.hpp"
#include "return_codes.hpp"

namespace quiesce {
namespace {

// The calls of a set stay on the connection it began with: none is set up while something may be frozen.
constexpr bool may_connect(Method method) { return method < Method::EndPrepare || method > Method::PostFinalCommit; }

}  // namespace

Call::Call(Method method, const GUID& set)
    : relay_(Relay::instance()), held_(relay_.lock_), method_(method), put_(relay_.request_), get_(relay_.answer_) {
    Header& header = relay_.request_.header;
    header.magic = REQUEST_MAGIC;
    header.method = static_cast<uint16_t>(method);
    header.reserved = 0;
    header.set_id = set;
}

HRESULT Call::broken(Ended how, const wchar_t* reason) {
    how_ = how;
    relay_.reason_ = reason;
    relay_.pipe_.close();
    return VETO;
}

HRESULT Call::unheard(Spoken spoken) {
    switch (spoken) {
        case Spoken::Late: return broken(Ended::Deadline, L"the agent did not answer in time");
        case Spoken::Aborted: return broken(Ended::Aborted, L"VSS aborted the set");
        default: return broken(Ended::AgentGone, L"the agent went away");
    }
}

HRESULT Call::ask(uint64_t deadline) {
    Pipe& pipe = relay_.pipe_;
    if (!put_.fits()) return broken(Ended::Malformed, L"a call did not fit into a message");
    if (!pipe.is_open() && !(may_connect(method_) && pipe.open()))
        return broken(Ended::AgentGone, L"the agent was not there");
    relay_.request_.header.sequence = ++relay_.sequence_;
    Spoken spoken = pipe.send(relay_.request_, deadline);
    if (spoken != Spoken::Yes) return unheard(spoken);

    Header& header = relay_.answer_.header;
    spoken = pipe.receive(&header, sizeof header, deadline);
    if (spoken != Spoken::Yes) return unheard(spoken);
    const Header& asked = relay_.request_.header;
    if (header.magic != ANSWER_MAGIC || header.method != asked.method || header.reserved != 0 ||
        header.sequence != asked.sequence || !IsEqualGUID(header.set_id, asked.set_id) ||
        header.length < sizeof(HRESULT) || header.length > LONGEST_PAYLOAD)
        return broken(Ended::Malformed, L"the agent's answer was not to what was asked");
    spoken = pipe.receive(relay_.answer_.payload, header.length, deadline);
    if (spoken != Spoken::Yes) return unheard(spoken);
    return judged();
}

HRESULT Call::judged() {
    const auto code = get_.number<HRESULT>();
    if (!permitted(method_, code)) return broken(Ended::Malformed, L"the agent answered with a code that is none");
    if (code == S_OK) return code;
    if (!get_.read_whole()) return broken(Ended::Malformed, L"the agent's refusal had the wrong length");
    how_ = Ended::Vetoed;
    relay_.reason_ = L"the agent refused";
    return code;
}

HRESULT Call::whole() {
    return get_.read_whole() ? S_OK : broken(Ended::Malformed, L"the agent's answer had the wrong length");
}

}  // namespace quiesce
