#pragma once

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/arguments.hpp"
#include "store/embedded/engine/cluster_clock.hpp"

/// What a member of a replica set tells of time and of who has a write: fields of its replies.
namespace quire::store::embedded::commands {

/// Follows the clock that a command's $clusterTime tells of. Throws 14, 40414 for what is none, 210
/// for one over a year ahead.
void receive_cluster_time(ClusterClock& clock, bson::View command);
/// A read that is to see all up to afterClusterTime: one file has it all. Throws 72 for the future.
void check_after_cluster_time(ClusterClock& clock, const CommonArguments& common);
/// The reply with $clusterTime and operationTime at its end, in the same buffer.
[[nodiscard]] bson::Document with_cluster_times(bson::Document reply, const CommandTime& time);
/// The reply of a read of a snapshot: its cursor, or a reply without one, with atClusterTime.
[[nodiscard]] bson::Document with_snapshot_time(bson::View reply, std::int64_t time);
/// Appends writeConcernError where one member cannot do what the writeConcern asks for.
void append_concern_error(bson::Writer& reply, const CommonArguments& common);

}  // namespace quire::store::embedded::commands
