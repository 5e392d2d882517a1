// The states of a shadow copy set as its VSS provider sees them. Pure: a table, no clock, no calls.
//
// Source: the hardware provider sample of Microsoft's Windows classic samples, and the page "IVssProviderCreate-
// SnapshotSet". Values are VSS_SNAPSHOT_STATE of vss.h.
#pragma once

#include <vss.h>

#include "wire.hpp"

namespace quiesce {

struct Move {
    Method method;
    VSS_SNAPSHOT_STATE from;
    VSS_SNAPSHOT_STATE to;
};

constexpr Move MOVES[] = {
    {Method::EndPrepare, VSS_SS_PREPARING, VSS_SS_PREPARED},
    {Method::PreCommit, VSS_SS_PREPARED, VSS_SS_PRECOMMITTED},
    {Method::Commit, VSS_SS_PRECOMMITTED, VSS_SS_COMMITTED},
    {Method::PostCommit, VSS_SS_COMMITTED, VSS_SS_POSTCOMMITTED},
    {Method::PreFinalCommit, VSS_SS_POSTCOMMITTED, VSS_SS_PREFINALCOMMITTED},
    {Method::PostFinalCommit, VSS_SS_PREFINALCOMMITTED, VSS_SS_CREATED},
};

// The state after a call; VSS_SS_ABORTED for a call out of order.
constexpr VSS_SNAPSHOT_STATE after(Method method, VSS_SNAPSHOT_STATE from) {
    for (const Move& move : MOVES)
        if (move.method == method && move.from == from) return move.to;
    return VSS_SS_ABORTED;
}

// Whether something would be left behind if the set were forgotten.
constexpr bool is_open(VSS_SNAPSHOT_STATE state) {
    return state != VSS_SS_UNKNOWN && state != VSS_SS_CREATED && state != VSS_SS_ABORTED;
}

// GetTargetLuns names no set, and comes before or after the final commit (Microsoft's diagram and text differ).
constexpr bool has_targets(VSS_SNAPSHOT_STATE state) {
    return state == VSS_SS_POSTCOMMITTED || state == VSS_SS_PREFINALCOMMITTED || state == VSS_SS_CREATED;
}

}  // namespace quiesce
