#pragma once

#include <chrono>
#include <memory>

#include "store/embedded/commands/cursors.hpp"
#include "store/embedded/storage/scope.hpp"

/// Cursors that stay open at the end of a capped collection and go on when more comes.
namespace quire::store::embedded::commands {

/// Reads a capped collection in the order of insertion; next() gives nothing at the end for now and
/// may be called again. Each call reads the newest state. Throws StoreError command_failed: 2 for
/// a collection that is not capped; from next() 136 when the document that it stands on was
/// overwritten or removed. `empty` tells that there was no document: such a cursor does not stay
/// open.
[[nodiscard]] std::unique_ptr<Cursor> open_tail(const std::shared_ptr<StorageFile>& file,
                                                Namespace ns, bson::View filter,
                                                const FindOptions& options, bool& empty);

/// Until the cursor has a document, or the time is over.
void await_document(OpenCursor& cursor, std::chrono::milliseconds most);

}  // namespace quire::store::embedded::commands
