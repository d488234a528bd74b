#include "store/embedded/commands/tailable.hpp"

#include <limits>
#include <thread>

#include "store/embedded/commands/reply.hpp"
#include "store/embedded/storage/execution.hpp"

namespace quire::store::embedded::commands {
namespace {

class TailCursor final : public Cursor {
 public:
  TailCursor(std::shared_ptr<StorageFile> file, Namespace ns, bson::View filter,
             const FindOptions& options)
      : file_(std::move(file)),
        database_(ns.database),
        collection_(ns.collection),
        query_(filter, options) {}

  std::optional<bson::View> next() override {
    ReadScope scope(file_, nullptr);
    const auto& meta = scope.find({database_, collection_});
    if (meta == nullptr) return std::nullopt;
    Connection& connection = scope.connection();
    if (last_ != none && !is_there(connection, *meta))
      fail(136,
           "CollectionScan died due to position in capped collection being deleted: the cursor "
           "was too slow, open it again");
    Statement& row = connection.row_statement(meta->cid, RowSql::rids_above);
    const Resetter resetter(row);
    for (;;) {
      row.bind(1, last_);
      if (!row.step()) return std::nullopt;
      // A damaged tree may lead back to what was read already, without an end.
      if (last_ != none && row.integer(0) <= last_)
        throw StoreError(ErrorCode::corrupt, "row " + std::to_string(row.integer(0)) +
                                                 " stands behind row " + std::to_string(last_) +
                                                 "; run check() and restore a backup");
      last_ = row.integer(0);
      if (file_->options().verify_checksums) verify_row(row);
      const bson::View body = row.document(1);
      MatchDetails details;
      if (query_.matcher.matches(body, &details) && skipped_++ >= query_.skip) {
        current_ = query_.projector.keeps_everything() ? bson::Document(body)
                                                       : query_.projector.apply(body, details);
        return current_.view();
      }
      row.reset();
    }
  }

 private:
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();

  bool is_there(Connection& connection, const CollectionMeta& meta) const {
    Statement& row = connection.row_statement(meta.cid, RowSql::by_rid);
    row.bind(1, last_);
    const Resetter resetter(row);
    return row.step();
  }

  std::shared_ptr<StorageFile> file_;
  std::string database_, collection_;
  Query query_;
  std::int64_t last_ = none;  // the row that was looked at last
  std::int64_t skipped_ = 0;
  bson::Document current_;
};

}  // namespace

std::unique_ptr<Cursor> open_tail(const std::shared_ptr<StorageFile>& file, Namespace ns,
                                  bson::View filter, const FindOptions& options, bool& empty) {
  {
    ReadScope scope(file, options.session);
    const auto& meta = scope.find(ns);
    empty = true;
    if (meta != nullptr) {
      if (meta->traits.view)
        fail(168, "a tailable cursor cannot be opened on the view " + meta->full_name());
      if (!meta->traits.capped)
        fail(code::bad_value,
             "error processing query: tailable cursor requested on non capped collection");
      Statement& row = scope.connection().row_statement(meta->cid, RowSql::rids_above);
      row.bind(1, std::numeric_limits<std::int64_t>::min());
      const Resetter resetter(row);
      empty = !row.step();
    }
  }
  return std::make_unique<TailCursor>(file, ns, filter, options);
}

void await_document(OpenCursor& cursor, std::chrono::milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  while (!cursor.ahead) {
    if (const auto next = cursor.documents->next()) {
      cursor.ahead.emplace(*next);
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return;
    // Another process may be the one that writes: its commits are seen by looking.
    std::this_thread::sleep_for(
        std::min<std::chrono::steady_clock::duration>(until - now, std::chrono::milliseconds(5)));
  }
}

}  // namespace quire::store::embedded::commands
