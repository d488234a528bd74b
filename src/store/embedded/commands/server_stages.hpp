#pragma once

#include "quire/bson/writer.hpp"
#include "store/embedded/commands/context.hpp"

/// What $listLocalSessions, $listSessions and $currentOp tell, which only commands know.
namespace quire::store::embedded::commands {

/// An array of {_id: {id, uid}, lastUse}: the command's own session, then those that are known.
void append_sessions(const Context& context, bson::Writer& out);
/// An array of the operations that run: the command itself. Others are not recorded.
void append_operation(const Context& context, bson::Writer& out);

}  // namespace quire::store::embedded::commands
