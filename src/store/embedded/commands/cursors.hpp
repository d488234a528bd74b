#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "quire/bson/writer.hpp"
#include "quire/store/store.hpp"

namespace quire::store::embedded::commands {

/// A cursor as replies know it: its documents, its namespace and how many it may still give.
struct OpenCursor {
  std::unique_ptr<Cursor> documents;
  std::unique_ptr<ChangeStream> changes;  ///< or a change stream, which waits
  std::string ns;                         ///< "database.collection"
  std::string session;                    ///< bytes of the lsid that opened it; empty without
  std::optional<bson::Document> ahead;    ///< read already, not given yet
  bool knows_its_end = false;             ///< sorted or listed: the end shows without another batch
  bool tailable = false;                  ///< stays open at the end
  bool awaits = false;                    ///< a tailable one whose getMore waits
  std::int64_t cid = 0;                   ///< the collection that it reads; 0 = none in particular
  bool may_time_out = true;               ///< false: noCursorTimeout
  std::chrono::steady_clock::time_point used = std::chrono::steady_clock::now();
  std::size_t left = 0;  ///< 0 = no limit
  bool spent = false;    ///< the limit was reached

  /// Appends documents to the open array until `batch` (nothing: as many as fit a reply) or the
  /// end. Returns true when there may be more.
  bool fill(bson::Writer& batch_array, std::optional<std::int64_t> batch);
};

/// The cursors that replies left open, by id. Thread-safe. A cursor is taken out while it is read.
/// One that nobody asked for in ten minutes is closed when the next one comes: it holds a snapshot.
class CursorTable {
 public:
  /// The id: random, positive, never 0.
  std::int64_t put(std::unique_ptr<OpenCursor> cursor);
  void put_back(std::int64_t id, std::unique_ptr<OpenCursor> cursor);
  /// Null when there is none of that id (or it is being read).
  [[nodiscard]] std::unique_ptr<OpenCursor> take(std::int64_t id);
  /// False when there is none.
  bool kill(std::int64_t id);
  void kill_of_session(const std::string& session);
  /// Closes those that nobody asked for in ten minutes.
  void expire();
  [[nodiscard]] bool contains(std::int64_t id) const;
  [[nodiscard]] bool waits(std::int64_t id) const;
  [[nodiscard]] std::size_t size() const;
  void clear();

 private:
  void close_idle();  // with the mutex held
  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, std::unique_ptr<OpenCursor>> cursors_;
};

/// Writes {cursor: {id, ns, firstBatch|nextBatch}, …} of a reply; the cursor stays in `table` when
/// there is more. `keep` false closes it after the batch. `id` is 0 for a new one.
void append_cursor_reply(bson::Writer& reply, CursorTable& table,
                         std::unique_ptr<OpenCursor> cursor, std::string_view batch_name,
                         std::optional<std::int64_t> batch, std::int64_t id = 0, bool keep = true);

}  // namespace quire::store::embedded::commands
