#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "store/embedded/commands/context.hpp"

/// Change streams as drivers open them: aggregate with $changeStream in front, then getMore that
/// waits.
namespace quire::store::embedded::commands {

/// Answers `aggregate` when $changeStream is its first stage; false, and nothing written, for any
/// other aggregation. Throws as Store::watch, and 14, 72, 73, 40415 for a stage that means nothing.
[[nodiscard]] bool run_change_stream(Context& context, bson::Writer& reply);

/// Writes {cursor: {id, ns, firstBatch|nextBatch, postBatchResumeToken}}: events until `batch`
/// (nothing: as many as fit a reply), the first waited for up to `wait`. The cursor stays in the
/// table unless its stream has ended.
void append_change_reply(bson::Writer& reply, CursorTable& table,
                         std::unique_ptr<OpenCursor> cursor, std::string_view batch_name,
                         std::optional<std::int64_t> batch, std::chrono::milliseconds wait,
                         std::int64_t id);

/// How long getMore waits where it has no maxTimeMS.
inline constexpr std::chrono::milliseconds default_change_wait{1000};

}  // namespace quire::store::embedded::commands
