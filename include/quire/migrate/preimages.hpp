#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quire/collection/database.hpp"

/// What migrations with `keep_preimages` keep for their way back: the old values of each document
/// that they changed, in "_quire_undo_<id>", one document each:
///   {_id: {s: step, k: _id of the document}, f: fence, collection, before: {name: old value},
///    absent: [names], now: hash of the new values}
///   {_id, f, collection, removed: true, before: the whole document}
/// They are written with the change: in its transaction, or without transactions before it.
namespace quire::migrate {

/// What going back does with a document of which a kept field is not as the migration left it, or
/// that was removed, or made anew, since. Other fields of a document may change as they like.
enum class Edited {
  reject,    ///< it stays as it is, and its old values are put into _quire_rejects
  keep,      ///< it stays as it is, and its old values are given up
  overwrite  ///< it gets its old values; one that is gone is a reject, unless it is kept as a whole
};
[[nodiscard]] std::string_view to_string(Edited value) noexcept;

struct UndoOptions {
  Edited edited = Edited::reject;
  /// Go back by the pre-images also where the migration has a way back of its own.
  bool from_preimages = false;
};

/// What is kept of one migration.
struct KeptPreimages {
  std::string migration;
  std::int64_t documents = 0;  ///< by the store's own count, which may be an estimate
};
/// By id. Throws StoreError.
[[nodiscard]] std::vector<KeptPreimages> preimages(const Database& db);

/// Ends the window in which a migration can be undone by its pre-images: drops them, and says so in
/// _quire_history and _quire_events. Gives the number of documents that were kept, by the store's
/// own count. Takes the lock of migrations for that moment.
/// Throws MigrationError lock_busy while another process has the lock, invalid_migration for a
/// migration that is half done or half undone, StoreError. Threads: safe.
std::int64_t forget_preimages(const Database& db, std::string_view id);

}  // namespace quire::migrate
